"""A server as a user starts it, a language model behind it, and clients that are told nothing but where it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.clients.environments.make import folder, ready

from outcrop.testing.chat_formats import Piece
from outcrop.testing.chat_server import ChatServer, chat_server

PROGRAMS = Path(__file__).parent / "programs"
PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
RUN_LIMIT = 120  # seconds
POLICIES = {
    "travel.md": "# Travel\n\nEmployees may book business class on flights longer than six hours.\n\n"
    "Trains are first class for journeys longer than three hours.\n",
    "leave.md": "# Leave\n\nEvery employee has twenty-eight days of paid leave a year.\n\n"
    "Leave is requested from the team lead two weeks ahead.\n",
    "gates.txt": "The north gate opens at seven in the morning. The south gate is closed on Sundays.\n",
}
METADATA = {"travel.md": {"department": "finance", "year": 2026}, "leave.md": {"department": "people", "year": 2024}}
SILENCE = {  # what the clients' libraries would send to others, and where an address outside this machine would lead
    "DO_NOT_TRACK": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "OTEL_SDK_DISABLED": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(frozen=True)
class Outcome:
    """What a program of these tests found, and the requests that the model behind the server was sent meanwhile."""

    found: dict[str, Any]
    asked: list[dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """A running server over the policies, the model behind it, and the variables that a client is given."""

    chat: ChatServer
    address: str
    knowledge_base: str
    variables: dict[str, str]

    def outcome(self, run: Callable[[], str], replies: Iterable[Sequence[Piece]] = ()) -> Outcome:
        """What a program prints as JSON, with a model that gives these replies before its usual one."""
        self.chat.replies.clear()
        self.chat.replies.extend(replies)
        self.chat.requests.clear()
        return Outcome(json.loads(run()), list(self.chat.requests))

    def run(self, *command: str, program: str | None = None, cwd: Path | None = None) -> str:
        """What a client's process printed; `program` is its standard input."""
        done = subprocess.run(
            command, input=program, env=self.variables, cwd=cwd, capture_output=True, text=True,
            check=False, timeout=RUN_LIMIT,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Python:
    """An interpreter that has the client, and the server that its programs reach."""

    place: Place
    folder: Path

    def tool(self, name: str) -> str:
        """The path of a command that the environment has."""
        return str(self.folder / "bin" / name)

    def run(self, program: str) -> str:
        """What the program printed; a warning is no error here, since it is not our code that warns."""
        return self.place.run(self.tool("python"), "-", program=program)

    def read(self, name: str, *replies: Sequence[Piece]) -> Outcome:
        """What a program of these tests found, which it prints as JSON."""
        program = (PROGRAMS / name).read_text(encoding="utf-8")
        return self.place.outcome(lambda: self.run(program), replies)


@contextmanager
def opened(root: Path, serve: Callable[..., Any], **environment: str) -> Iterator[Place]:
    """A server over the policies, set up as the page on clients says, with more variables for it."""
    documents, data, config = root / "policies", root / "data", root / "outcrop.toml"
    write_policies(documents)
    config.write_text(documented("A model to talk to", "toml"), encoding="utf-8")
    with chat_server(["The answer ", "is seven."]) as chat:
        provider = {"OPENAI_BASE_URL": f"{chat.address}/v1", "OPENAI_API_KEY": "key", "OUTCROP_CONFIG": str(config)}
        with serve("--docs", str(documents), data=data, **provider, **environment) as server:
            base = server.knowledge_bases["policies"]
            own = {"PATH": os.environ["PATH"], "HOME": str(root), "KNOWLEDGE_BASE_ID": base}
            yield Place(chat, server.address, base, {**SILENCE, **server.environment, **own})


@pytest.fixture(scope="session")
def place(tmp_path_factory, serve) -> Iterator[Place]:
    """The server that clients share."""
    with opened(tmp_path_factory.mktemp("clients"), serve) as running:
        yield running


def write_policies(target: Path) -> None:
    """The documents, two of them with metadata beside them."""
    target.mkdir()
    for name, text in POLICIES.items():
        (target / name).write_text(text, encoding="utf-8")
    for name, attributes in METADATA.items():
        beside = target / f"{name}.metadata.json"
        beside.write_text(json.dumps({"metadataAttributes": attributes}), encoding="utf-8")


@pytest.fixture(scope="session")
def python(place) -> Callable[[str | None], Python]:
    """The interpreter of an environment by name; without one, that of these tests."""
    return lambda name=None: Python(place, environment(name) if name else Path(sys.prefix))


def node_on(place: Place) -> Callable[[str], str]:
    """Runs programs of JavaScript, from standard input, so that they find the packages of the folder they run in."""
    own = environment("javascript")
    return lambda program: place.run(str(own / "bin" / "node"), "--input-type=module", program=program, cwd=own)


def environment(name: str) -> Path:
    """The folder of a client's environment. Skips where it was not made, which CI takes for a failure."""
    if not ready(name):
        assert not os.environ.get("OUTCROP_REQUIRE_CLIENTS"), f"The environment {name} of the clients was not made"
        pytest.skip(f"`make clients` was not run: {name}")
    return folder(name)


def documented(section: str, language: str) -> str:
    """The code in a language that docs/clients.md has in a section: what a reader would copy."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    own = rest.partition("\n## ")[0]
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", own, re.DOTALL | re.MULTILINE)
    assert blocks, f"docs/clients.md has no {language} in {section}"
    return "\n".join(blocks)
