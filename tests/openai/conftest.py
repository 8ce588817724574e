"""A whole Outcrop behind a real server, and OpenAI's own client for it, unmodified."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import openai
import pytest

from outcrop.access.bearer import api_key
from outcrop.adapters.generators.scripted import scripted
from outcrop.app.local import Outcrop
from outcrop.app.server import outcrop_app
from outcrop.web.listening import Place, claim_port, serve

HANDBOOK = {
    "travel.md": "# Travel\n\nEmployees may book business class on flights longer than six hours.\n",
    "leave.md": "# Leave\n\nFull-time employees receive 27 days of paid leave. Leave is requested from Anna Keller.\n",
    "canteen.md": "# Canteen\n\nThe canteen opens at noon. The canteen closes at three.\n",
}
MODELS = {
    "openai.gpt-5-mini": {"target": "scripted:openai-tests"},
    "test.scripted-v1": {"target": "scripted:openai-tests", "context_window": 8000},
    "test.blind-v1": {"target": "scripted:openai-tests", "inputs": ["text"], "tools": False},
}


MODEL = scripted("openai-tests", ["Unscripted."])


def script(*replies):
    """What the scripted model says next; its requests are forgotten."""
    MODEL._replies = deque(replies)
    MODEL.requests = []
    return MODEL


class Running:
    """A running Outcrop: its address and a key."""

    def __init__(self, outcrop: Outcrop, url: str) -> None:
        self.outcrop = outcrop
        self.url = url
        self.key = self.new_key("tests")

    def new_key(self, name: str) -> str:
        key, secret = self.outcrop.call(self.outcrop.services.keys.create, name)
        return api_key(key.id, secret)

    def client(self, key: str | None = None, **more) -> openai.OpenAI:
        given = {"max_retries": 0, "timeout": 60, **more}
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key or self.key, **given)

    def async_client(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=self.key, max_retries=0)


@contextmanager
def running(outcrop: Outcrop) -> Iterator[Running]:
    """Serve an opened Outcrop on a free port."""
    place, stop, listening = Place("127.0.0.1", claim_port("127.0.0.1", 0)), asyncio.Event(), Event()
    serving = outcrop.start(serve, outcrop_app(outcrop.services), place, stop, listening.set)
    assert listening.wait(30)
    try:
        yield Running(outcrop, place.address)
    finally:
        outcrop.call(_set, stop)
        serving.result()


async def _set(stop: asyncio.Event) -> None:
    stop.set()


@pytest.fixture(scope="session")
def server(tmp_path_factory, model_folder) -> Iterator[Running]:
    """A server with a handbook of three documents."""
    root = tmp_path_factory.mktemp("openai")
    folder = root / "documents"
    folder.mkdir()
    for name, text in HANDBOOK.items():
        (folder / name).write_text(text, encoding="utf-8")
    with Outcrop(root / "data", model_folder=model_folder, models=MODELS, max_body_mb=1, threads=1) as outcrop:
        outcrop.create("handbook", description="The company's handbook.")
        outcrop.sync("handbook", folder)
        with running(outcrop) as found:
            yield found


@pytest.fixture
def client(server) -> Iterator[openai.OpenAI]:
    with server.client() as made:
        yield made
