"""Frames are read back by botocore, which checks both checksums."""

from __future__ import annotations

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from outcrop.bedrock.eventstream import frame

HEADERS = st.dictionaries(st.text(min_size=1, max_size=60), st.text(max_size=200), max_size=5)


def read(data):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=300)), max_size=4))
def test_frames_come_back_as_they_were(given_frames):
    messages = read(b"".join(frame(headers, payload) for headers, payload in given_frames))
    assert [(message.headers, message.payload) for message in messages] == given_frames


@given(HEADERS, st.binary(min_size=1, max_size=50), st.data())
def test_a_changed_payload_is_noticed(headers, payload, data):
    whole = bytearray(frame(headers, payload))
    place = data.draw(st.integers(min_value=len(whole) - 4 - len(payload), max_value=len(whole) - 5))
    whole[place] ^= 1
    with pytest.raises(ChecksumMismatch):
        read(bytes(whole))
