"""What the Bedrock surface itself costs a call of Retrieve: route, verify, parse, render; the search is a stand-in.

    python bench/surface.py [calls]

Prints the CPU time of the whole application (microseconds a call, median of five runs) and of its parts.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from outcrop.bedrock import route
from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.parse import Request
from outcrop.bedrock.signature import Verifier
from outcrop.bedrock.table import TABLE
from outcrop.bedrock.views import retrieval_result
from outcrop.core.chunks import Hit
from outcrop.core.clock import now
from outcrop.testing.small import BASE, KEY_ID, SECRET, Passage, point, small_services

RUNS = 5
BODY = (
    b'{"retrievalQuery": {"text": "How long are flights in business class?"}, "retrievalConfiguration": '
    b'{"vectorSearchConfiguration": {"numberOfResults": 5, "filter": {"equals": {"key": "year", "value": 2026}}}}}'
)
TEXT = "Employees may book business class on flights longer than six hours. " * 18  # about 300 tokens
PASSAGES = [Passage(name=f"travel {n}.pdf", text=TEXT, metadata={"year": 2026}) for n in range(100)]


def signed() -> Request:
    """A call of Retrieve as boto3 sends it."""
    url = f"http://127.0.0.1:8080/knowledgebases/{BASE.id}/retrieve"
    request = AWSRequest(method="POST", url=url, data=BODY, headers={"content-type": "application/json"})
    SigV4Auth(Credentials(KEY_ID, SECRET), "bedrock", "us-east-1").add_auth(request)
    headers = (("host", "127.0.0.1:8080"), *((name.lower(), value) for name, value in request.headers.items()))
    return Request(method="POST", raw_path=urlsplit(url).path, query="", headers=headers, body=BODY)


def cost(work: Callable[[], object], calls: int) -> float:
    """CPU microseconds a call: the median of the runs."""
    runs = []
    for _ in range(RUNS):
        began = process_time()
        for _ in range(calls):
            work()
        runs.append((process_time() - began) / calls * 1e6)
    return statistics.median(runs)


def whole(request: Request, calls: int) -> float:
    """CPU microseconds of the whole application a call, without the search."""
    services = small_services(Path(tempfile.mkdtemp()), PASSAGES)
    hits = tuple(Hit(point=one, score=0.5) for one in services.answers.points[:6])
    services.answers._hits = lambda *_: hits  # type: ignore[method-assign]  # noqa: SLF001 # no search
    app = bedrock_app(services)  # type: ignore[arg-type]
    scope = {
        "type": "http", "method": request.method, "path": request.raw_path, "raw_path": request.raw_path.encode(),
        "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in request.headers],
    }  # fmt: skip
    loop = asyncio.new_event_loop()

    async def one() -> None:
        waiting = [{"type": "http.request", "body": request.body}]

        async def receive() -> dict:
            if waiting:
                return waiting.pop()
            return await asyncio.Event().wait()  # type: ignore[return-value]

        async def send(event: dict) -> None:
            assert event.get("status", 200) == 200, event

        await app(scope, receive, send)

    spent = cost(lambda: loop.run_until_complete(one()), calls)
    loop.close()
    return spent


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    request, loop = signed(), asyncio.new_event_loop()
    began = process_time()
    found = route.find(request.method, request.raw_path)
    print(f"{'first route (reads four models)':<42}{(process_time() - began) * 1e6:10.0f} us once")
    entry = TABLE["bedrock-agent-runtime", "Retrieve"]
    verifier = Verifier(small_services(Path(tempfile.mkdtemp()), ()).keys, now)
    parts = {
        "route": lambda: route.find(request.method, request.raw_path),
        "verify": lambda: loop.run_until_complete(verifier.verify(request)),
        "parse and validate": lambda: entry.parse(request, found.labels),
    }
    for count in (5, 100):
        hits = [Hit(point=point(passage), score=0.5) for passage in PASSAGES[:count]]
        parts[f"render {count} results"] = lambda hits=hits: entry.render(
            {"retrievalResults": [retrieval_result(hit) for hit in hits]}
        )
    for name, work in parts.items():
        print(f"{name:<42}{cost(work, calls):10.0f} us")
    print(f"{'whole application, 5 results':<42}{whole(request, calls):10.0f} us")


if __name__ == "__main__":
    main()
