"""Whatever is sent, signed or not, is answered in words, soon, and never with an error of ours.

The choices are seeded, so that every run sends the same; OUTCROP_FUZZ_ROUNDS sends more (12 for each operation, unless
it says otherwise), OUTCROP_FUZZ_SEED others.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from random import Random
from urllib.parse import unquote, urlsplit

import pytest
from tests.wire.fuzzing import HEADERS, LABELS, QUERIES, SEEDS, TALKING, Fuzzer, Sent

from outcrop.adapters.generators.scripted import scripted
from outcrop.app.server import outcrop_app
from outcrop.bedrock import ops, spec  # noqa: F401 # ops fills the table
from outcrop.bedrock.check import WHOLE
from outcrop.bedrock.table import TABLE
from outcrop.core.addresses import custom_uri
from outcrop.core.records import CUSTOM
from outcrop.ingest.direct import DirectDocument
from outcrop.models.generator import ChatGenerator
from outcrop.testing.serving import served
from outcrop.testing.small import TOKEN
from outcrop.testing.whole import Whole

ROUNDS = int(os.environ.get("OUTCROP_FUZZ_ROUNDS", "12"))
SEED = os.environ.get("OUTCROP_FUZZ_SEED", "1")
PATIENCE = 20.0  # seconds, after which a request hangs
OPERATIONS = [
    pytest.param(service, name, id=f"{service}.{name}")
    for service in spec.SERVICES
    for name in spec.service(service).operations
]
LEAKS = re.compile(rb'Traceback \(most recent|File "[^"]+", line \d+|site-packages|/outcrop/[a-z_/]+\.py')
CONSOLE = (("authorization", f"Bearer {TOKEN}"),)


@pytest.fixture
async def whole(tmp_path):
    """Services that can make and change things."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pumps.txt").write_text("The pump needs four litres of oil a year.")
    scripted("fuzz", ["The pump needs four ", "litres of oil [1]."])
    models = {name: {"target": "scripted:fuzz", "retries": 0} for name in TALKING}
    services = Whole(tmp_path / "data").services(source_folders=(tmp_path / "docs",), models=models)
    services.adapters.generators = {
        name: ChatGenerator(services.models, await services.models.card(name)) for name in TALKING
    }
    yield services
    await services.direct.close()
    await services.jobs.close()


@pytest.fixture
async def ids(whole, tmp_path):
    """The ids of what there is, by the names that the service models have for them."""
    base = await whole.knowledge_bases.create("handbook")
    desk = await whole.knowledge_bases.add_source(base, name="desk", kind=CUSTOM, configuration={})
    await whole.direct.put(base, desk, DirectDocument(uri=custom_uri("pumps"), data="The pump needs oil."))
    job = await whole.syncs.run(base, desk)
    return {
        "knowledgeBaseId": base.id,
        "dataSourceId": desk.id,
        "ingestionJobId": job.id,
        "documentId": "pumps",
        "resourceArn": f"arn:aws:bedrock:us-east-1:000000000000:knowledge-base/{base.id}",
        "modelId": TALKING[0],
        "modelArn": TALKING[0],
        "path": str(tmp_path / "docs"),
    }


async def answered(app, sent):
    """The status, headers and whole body of the reply; an exception that leaves the application is raised."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": unquote(sent.path),
        "raw_path": sent.path.encode("latin-1"),
        "query_string": sent.query.encode("latin-1"),
        "headers": sent.all_headers(),
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 8080),
        "root_path": "",
    }
    reply = {"status": None, "headers": {}, "body": b""}
    inbox = [{"type": "http.request", "body": sent.body, "more_body": False}]

    async def receive():
        if inbox:
            return inbox.pop()
        return await asyncio.Event().wait()  # the client stays

    async def send(event):
        if event["type"] == "http.response.start":
            reply["status"] = event["status"]
            reply["headers"] = {name.decode("latin-1"): value.decode("latin-1") for name, value in event["headers"]}
        else:
            reply["body"] += event.get("body", b"")

    async with asyncio.timeout(PATIENCE):
        await app(scope, receive, send)
    return reply


async def judged(app, sent):
    """The reply, if it is as it should be."""
    try:
        reply = await answered(app, sent)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} left the application at {shown(sent)}") from error
    status, body = reply["status"], reply["body"]
    assert status is not None, f"No reply to {shown(sent)}"
    assert status < 500 or status == 501, f"{status} {body[:300]!r} to {shown(sent)}"
    leak = LEAKS.search(body)
    assert leak is None, f"{leak} in the reply to {shown(sent)}"
    if status >= 400:
        assert body, f"{status} without a word to {shown(sent)}"
    return reply


def shown(sent):
    return f"{sent.method} {sent.path[:300]}?{sent.query[:300]} {dict(sent.headers)} {sent.body[:2000]!r}"


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
async def test_every_operation_answers_whatever_it_is_sent(whole, ids, service, name):
    operation, entry = spec.operation(service, name), TABLE.get((service, name))
    random = Random(f"{SEED} {service} {name}")  # noqa: S311 # the same choices in every run
    app = outcrop_app(whole)
    for sent in Fuzzer(random, ids).requests(operation, rounds(entry), entry.accepts if entry else WHOLE):
        reply = await judged(app, sent)
        if reply["status"] == 501:
            assert name.encode() in reply["body"] or entry is None


def rounds(entry):
    """More for what is offered: the others are refused before they are read."""
    return ROUNDS * 3 if entry is not None else max(ROUNDS // 3, 2)


@pytest.mark.parametrize("name", sorted(SEEDS))
async def test_what_is_spoilt_would_have_been_carried_out(whole, ids, name):
    """Otherwise nothing behind the validation is reached."""
    service = next(service for service, offered in TABLE if offered == name)
    operation, entry = spec.operation(service, name), TABLE[service, name]
    fuzzer = Fuzzer(Random(SEED), ids)  # noqa: S311 # as above
    for seed in SEEDS[name]:
        sent = fuzzer._seed(operation, entry.accepts, seed)
        reply = await judged(outcrop_app(whole), sent)
        assert reply["status"] < 300, (reply["body"], shown(sent))


async def test_every_path_is_answered(whole):
    random, app = Random(f"{SEED} paths"), outcrop_app(whole)  # noqa: S311 # as above
    starts = ["", "/api", "/api/knowledge-bases", "/health", "/ready", "/static", "/document-content", "/v1", "/mcp"]
    starts += ["/knowledgebases", "/model", "/tags", "/bedrock-agent", "/bedrock-runtime/model", "/rerank"]
    for _ in range(ROUNDS * 40):
        path = random.choice(starts) + "".join(f"/{random.choice(LABELS)}" for _ in range(random.randrange(4)))
        method = random.choice(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "ODD"])
        query = random.choice(["", *QUERIES])
        headers = random.choice([(), CONSOLE, (random.choice(HEADERS),)])
        body = random.choice([b"", b"{}", b"\xff", b"[" * 3000])
        sent = Sent(method, path or "/", query, body, headers, signed=not headers and random.random() < 0.5)
        await judged(app, sent)


async def test_every_route_of_the_native_api_answers_whatever_it_is_sent(whole, ids):
    random, app = Random(f"{SEED} api"), outcrop_app(whole)  # noqa: S311 # as above
    described = await answered(app, Sent("GET", "/api/openapi.json", headers=CONSOLE, signed=False))
    fuzzer = Fuzzer(random, ids)
    for path, method, names in routes(described["body"]):
        for _ in range(ROUNDS * 3):
            filled = re.sub(r"\{(\w+)\}", lambda found: random.choice([*LABELS, *ids.values(), "handbook"]), path)
            body = {name: fuzzer.odd() for name in names if random.random() < 0.7}
            if "question" in body and random.random() < 0.7:
                body["question"] = "How much oil does the pump need?"
            sent = Sent(
                method, filled.replace(" ", "%20"), random.choice(["", *QUERIES]), encoded(body), CONSOLE, signed=False
            )
            await judged(app, sent if random.random() < 0.7 else fuzzer.spoilt(sent))


def encoded(body):
    return json.dumps(body).encode()


def routes(description):
    described = json.loads(description)
    schemas = described.get("components", {}).get("schemas", {})
    names = sorted({name for schema in schemas.values() for name in schema.get("properties", {})})
    for path, methods in described["paths"].items():
        for method in methods:
            yield path, method.upper(), names


RAW = (
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 64,
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 5000 + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
    b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", b"GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip


def test_the_server_outlives_what_is_no_http(whole):
    with served(lambda: outcrop_app(whole)) as server:
        place = (urlsplit(server.url).hostname, urlsplit(server.url).port)
        for raw in RAW:
            with socket.create_connection(place, timeout=PATIENCE) as connection:
                said = exchanged(connection, raw, whole=True)
            assert not LEAKS.search(said)
            assert not re.match(rb"HTTP/1\.[01] 50[02-9]", said), (raw[:60], said[:200])
        with socket.create_connection(place, timeout=PATIENCE) as connection:
            asked = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            assert b" 200 " in exchanged(connection, asked)


def exchanged(connection, raw, *, whole=False):
    """What the other side says until it closes; it may do so by a reset, before it was told everything."""
    said = b""
    try:
        connection.sendall(raw)
        if whole:  # nothing more will come
            connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            said += piece
    except OSError:
        pass
    return said
