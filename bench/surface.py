"""What the Bedrock surface itself costs: a call of Retrieve by its parts, behind two servers, its share, its start.

    python bench/surface.py [calls]

Parts: route, verify, parse, render, and the whole application with a stand-in for the search. Servers: the same
application behind granian (which Outcrop uses) and uvicorn (skipped where it is not installed), each in a process of
its own, HTTP/1.1 on one kept connection; and a stream whose words carry the time at which they were made. Share: what
the surface adds to a real retrieval over a small folder, where its code finds the caches full of the model's weights.
Start: from `outcrop up` to the reply to a first Retrieve.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, perf_counter, process_time
from urllib.parse import urlsplit

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer

from outcrop.bedrock import route
from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.parse import Request
from outcrop.bedrock.signature import Verifier
from outcrop.bedrock.table import TABLE
from outcrop.bedrock.views import retrieval_result
from outcrop.core.answers import AnswerPart, AskRequest, FinalPart, RetrieveRequest, TextPart
from outcrop.core.chunks import Hit
from outcrop.core.clock import now
from outcrop.core.records import KnowledgeBase
from outcrop.testing.small import BASE, KEY_ID, SECRET, Passage, SmallAnswers, point, small_services

RUNS = 5
KEY = (KEY_ID, SECRET)
BODY = (
    b'{"retrievalQuery": {"text": "How long are flights in business class?"}, "retrievalConfiguration": '
    b'{"vectorSearchConfiguration": {"numberOfResults": 5, "filter": {"equals": {"key": "year", "value": 2026}}}}}'
)
QUESTION = b'{"retrievalQuery": {"text": "How many days of annual leave do employees have?"}}'
TEXT = "Employees may book business class on flights longer than six hours. " * 18  # about 300 tokens
PASSAGES = [Passage(name=f"travel {n}.pdf", text=TEXT, metadata={"year": 2026}) for n in range(100)]


STREAM = json.dumps(
    {
        "input": {"text": "How long are flights?"},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": {"knowledgeBaseId": BASE.id, "modelArn": "outcrop.extractive-v1"},
        },
    }
).encode()
WORDS, PAUSE = 50, 0.02  # of the stream; seconds between its words
FOLDER = Path(__file__).parent / "calibration"
STARTS = 5


def signed(
    path: str = f"/knowledgebases/{BASE.id}/retrieve", body: bytes = BODY, port: int = 8080, key: tuple[str, str] = KEY
) -> Request:
    """A call as boto3 sends it."""
    url = f"http://127.0.0.1:{port}{path}"
    request = AWSRequest(method="POST", url=url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(Credentials(*key), "bedrock", "us-east-1").add_auth(request)
    headers = (("host", f"127.0.0.1:{port}"), *((name.lower(), value) for name, value in request.headers.items()))
    return Request(method="POST", raw_path=urlsplit(url).path, query="", headers=headers, body=body)


def cost(work: Callable[[], object], calls: int) -> float:
    """CPU microseconds a call: the median of the runs."""
    runs = []
    for _ in range(RUNS):
        began = process_time()
        for _ in range(calls):
            work()
        runs.append((process_time() - began) / calls * 1e6)
    return statistics.median(runs)


class TickingAnswers(SmallAnswers):
    """Answers with a word every few milliseconds that says when it was made; retrieves without searching."""

    def stand_in(self) -> TickingAnswers:
        """The same, with hits that cost nothing."""
        hits = tuple(Hit(point=one, score=0.5) for one in self.points[:6])
        self._hits = lambda *_: hits  # type: ignore[method-assign]
        return self

    async def ask(self, base: KnowledgeBase, request: AskRequest) -> AsyncIterator[AnswerPart]:
        """The words."""
        session = await self.records.session(base, request)
        for _ in range(WORDS):
            await asyncio.sleep(PAUSE)
            yield TextPart(text=f"{monotonic()} ")
        yield FinalPart(answer=self._answer(request, "", (), (), session))


def stand_in_app() -> object:
    """The application over services that cost nothing."""
    services = small_services(Path(tempfile.mkdtemp()), PASSAGES)
    answers = TickingAnswers(services.answers.points, services.metadata, "").stand_in()
    object.__setattr__(services, "answers", answers)
    return bedrock_app(services)  # type: ignore[arg-type]


async def called(app: Callable[..., Awaitable[None]], request: Request) -> None:
    """One call of an application, without a server."""
    scope = {
        "type": "http", "method": request.method, "path": request.raw_path, "raw_path": request.raw_path.encode(),
        "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in request.headers],
    }  # fmt: skip
    waiting = [{"type": "http.request", "body": request.body}]

    async def receive() -> dict:
        if waiting:
            return waiting.pop()
        return await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(event: dict) -> None:
        assert event.get("status", 200) == 200, event

    await app(scope, receive, send)


def parts(calls: int) -> None:
    """What each part of a call costs, and all of them."""
    request, loop = signed(), asyncio.new_event_loop()
    began = process_time()
    found = route.find(request.method, request.raw_path)
    show("first route (reads four models)", (process_time() - began) * 1e6, "us CPU once")
    entry = TABLE["bedrock-agent-runtime", "Retrieve"]
    verifier = Verifier(small_services(Path(tempfile.mkdtemp()), ()).keys, now)
    works = {
        "route": lambda: route.find(request.method, request.raw_path),
        "verify": lambda: loop.run_until_complete(verifier.verify(request)),
        "parse and validate": lambda: entry.parse(request, found.labels),
    }
    for count in (5, 100):
        hits = [Hit(point=point(passage), score=0.5) for passage in PASSAGES[:count]]
        works[f"render {count} results"] = lambda hits=hits: entry.render(
            {"retrievalResults": [retrieval_result(hit) for hit in hits]}
        )
    app = stand_in_app()
    works["whole application, 5 results"] = lambda: loop.run_until_complete(called(app, request))
    for name, work in works.items():
        show(name, cost(work, calls), "us CPU a call")
    loop.close()


def servers(calls: int) -> None:
    """The same application behind two servers."""
    for name in ("granian", "uvicorn"):
        if find_spec(name) is None:
            print(f"{name}: skipped, not installed")
            continue
        with child(sys.executable, __file__, "--serve", name) as (port, process):
            spent, wall = calls_of(port, process, calls)
            show(f"{name}, CPU of its process", spent, "us a call")
            show(f"{name}, until the client has the reply", wall, "us median")
            late = lateness(port)
            show(f"{name}, a word of a stream is late by", statistics.median(late) * 1e6, "us median")
            show(f"{name}, the latest word of {len(late)}", max(late) * 1e6, "us")


def calls_of(port: int, process: psutil.Process, calls: int) -> tuple[float, float]:
    """CPU microseconds of the server a call, and the median of the time until the reply is here."""
    connection, request, walls = http.client.HTTPConnection("127.0.0.1", port), signed(port=port), []
    for number in range(calls + 50):
        if number == 50:  # the first ones warm up
            began = sum(process.cpu_times()[:2])
        start = perf_counter()
        connection.request("POST", request.raw_path, request.body, dict(request.headers))
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 200
        walls.append(perf_counter() - start)
    spent = sum(process.cpu_times()[:2]) - began
    connection.close()
    return spent / calls * 1e6, statistics.median(walls[50:]) * 1e6


def lateness(port: int) -> list[float]:
    """How long after it was made each word of a stream arrived, in seconds."""
    connection, request = (
        http.client.HTTPConnection("127.0.0.1", port),
        signed("/retrieveAndGenerateStream", STREAM, port),
    )
    connection.request("POST", request.raw_path, request.body, dict(request.headers))
    reply, buffer, late = connection.getresponse(), EventStreamBuffer(), []
    while piece := reply.read1(65536):
        buffer.add_data(piece)
        arrived = monotonic()
        for event in buffer:
            if event.headers[":event-type"] == "output":
                late += [arrived - float(word) for word in json.loads(event.payload)["text"].split()]
    connection.close()
    assert len(late) == WORDS
    return late


def serve_stand_in(name: str, port: int) -> None:
    """Serve the application with a server, until the process is ended."""
    if name == "uvicorn":
        import uvicorn

        uvicorn.run(stand_in_app(), port=port, log_level="error")
    else:
        from outcrop.web.listening import Place, serve

        asyncio.run(serve(stand_in_app(), Place("127.0.0.1", port), asyncio.Event(), lambda: None))


def real(calls: int) -> None:
    """What the surface adds to a real retrieval, and how long a start takes."""
    with tempfile.TemporaryDirectory() as data:
        outcrop = [sys.executable, "-m", "outcrop"]
        environment = {**os.environ, "OUTCROP_DATA": data}
        subprocess.run([*outcrop, "sync", "small", str(FOLDER)], env=environment, capture_output=True, check=True)
        made = subprocess.check_output([*outcrop, "keys", "create", "--json"], env=environment)
        key = (json.loads(made)["accessKeyId"], json.loads(made)["secretAccessKey"])
        base = share(Path(data), key, calls)
        starts = [first_reply(data, base, key) for _ in range(STARTS + 1)][1:]
    show("`outcrop up` until a first Retrieve is answered", statistics.median(starts), "s median")


def share(data: Path, key: tuple[str, str], calls: int) -> str:
    """The CPU of a retrieval by the service, and of the same through the application, in turns; the knowledge base."""
    from outcrop.app.local import Outcrop

    with Outcrop(data=data) as outcrop:
        [base], app = outcrop.knowledge_bases(), bedrock_app(outcrop.services)
        request = signed(f"/knowledgebases/{base.id}/retrieve", QUESTION, key=key)
        asked = RetrieveRequest(question=json.loads(QUESTION)["retrievalQuery"]["text"], limit=6)
        alone = lambda: outcrop.call(outcrop.services.answers.retrieve, base, asked)  # noqa: E731
        through = lambda: outcrop.call(called, app, request)  # noqa: E731
        runs = [(cost(alone, calls // 5), cost(through, calls // 5)) for _ in range(RUNS)]
    search, whole = (statistics.median(column) for column in zip(*runs, strict=True))
    show("a retrieval by the service", search, "us CPU")
    show("the same through the application", whole, "us CPU")
    show("the surface's share", (whole - search) / whole * 100, "%")
    return base.id


def first_reply(data: str, base: str, key: tuple[str, str]) -> float:
    """Seconds from the command to the reply to a first Retrieve."""
    began = perf_counter()
    with child(sys.executable, "-m", "outcrop", "up", "--data", data, "--port") as (port, _):
        request = signed(f"/knowledgebases/{base}/retrieve", QUESTION, port, key)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", request.raw_path, request.body, dict(request.headers))
        assert connection.getresponse().status == 200
        taken = perf_counter() - began
        connection.close()
    return taken


@contextmanager
def child(*command: str) -> Iterator[tuple[int, psutil.Process]]:
    """A server on a free port, which is its command's last argument, once it accepts connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.005)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def show(name: str, value: float, unit: str) -> None:
    """Print one measurement."""
    print(f"{name:<52}{value:10.{0 if value >= 100 else 2}f} {unit}", flush=True)


def main() -> None:
    """Measure and print; or serve, for a measurement of another process."""
    if sys.argv[1:2] == ["--serve"]:
        serve_stand_in(sys.argv[2], int(sys.argv[3]))
        return
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    parts(calls)
    servers(calls)
    real(calls)


if __name__ == "__main__":
    main()
