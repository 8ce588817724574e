"""A parser that gets on is given its time anew, within a limit."""

import socket

import pytest

from outcrop.adapters.parsers import process, progress, wire
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.process import ParseProcess


@pytest.fixture
def channel():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def waiting(channel, seconds):
    """A process that has been given a file, as its parent sees it."""
    waiter = object.__new__(ParseProcess)
    waiter._channel, waiter._options = channel, ParseOptions(seconds=seconds)
    return waiter


def test_frames_of_progress_come_before_the_reply(channel):
    ours, theirs = channel
    for _ in range(3):
        wire.send(theirs, {"progress": True})
    wire.send(theirs, {"reason": "empty", "message": "Nothing."})
    assert waiting(ours, 5)._reply()[0].header["reason"] == "empty"


def test_a_parser_that_only_says_it_gets_on_is_ended(channel, monkeypatch):
    ours, theirs = channel
    monkeypatch.setattr(process, "MOST_EXTENSIONS", 0)
    wire.send(theirs, {"progress": True})
    with pytest.raises(TimeoutError):
        waiting(ours, 1)._reply()


def test_a_listener_hears_each_report(monkeypatch):
    heard = []
    monkeypatch.setattr(progress, "_listeners", [])
    progress.report()
    progress.listen(lambda: heard.append("page"))
    progress.report()
    assert heard == ["page"]
