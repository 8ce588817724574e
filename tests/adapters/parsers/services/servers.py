"""Small servers that speak Textract's, S3's and Mathpix's protocols as their documentation has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def block(kind: str, identity: str, text: str = "", *children: str, **more: Any) -> dict[str, Any]:
    """A block as Textract gives them."""
    related = [{"Type": "CHILD", "Ids": list(children)}] if children else []
    given = {"Text": text, "Confidence": more.pop("sure", 99.0)} if kind in {"LINE", "WORD"} else {}
    return {"BlockType": kind, "Id": identity, "Page": 1, "Relationships": related, **given, **more}


def cell(row: int, column: int, identity: str, word: str) -> dict[str, Any]:
    return block("CELL", identity, "", word, RowIndex=row, ColumnIndex=column)


TABLE = [
    block("TABLE", "t", "", "c1", "c2", "c3", "c4", Geometry={"BoundingBox": {"Left": 0.1, "Top": 0.5}}),
    *(cell(1 + index // 2, 1 + index % 2, f"c{index + 1}", f"w{index + 1}") for index in range(4)),
    *(block("WORD", f"w{index + 1}", text) for index, text in enumerate(("Part", "Limit", "Rope", "5"))),
    block("LINE", "tl1", "Part Limit", "w1", "w2"),
    block("LINE", "tl2", "Rope 5", "w3", "w4"),
]
PAGE = [
    block("PAGE", "p", "", "h", "l1", "l2", "l3", "tl1", "tl2", "f", "t", "lh", "lt", "lx", "ltab", "lf"),
    block("LINE", "h", "Mill handbook", sure=98.0),
    block("LINE", "l1", "Wear of ropes", sure=97.0),
    block("LINE", "l2", "Ropes are looked at", sure=96.0),
    block("LINE", "l3", "every week.", sure=41.0),
    block("LINE", "f", "Page 1"),
    block("LAYOUT_HEADER", "lh", "", "h"),
    block("LAYOUT_SECTION_HEADER", "lt", "", "l1"),
    block("LAYOUT_TEXT", "lx", "", "l2", "l3"),
    block("LAYOUT_TABLE", "ltab", "", "tl1", "tl2", Geometry={"BoundingBox": {"Left": 0.1, "Top": 0.5}}),
    block("LAYOUT_PAGE_NUMBER", "lf", "", "f"),
]


@dataclass
class Aws:
    """Textract and S3 in one: jobs run for `turns` questions, replies come in parts of `part` blocks."""

    blocks: list[dict[str, Any]] = field(default_factory=lambda: [*PAGE, *TABLE])
    turns: int = 2
    part: int = 7
    status: str = "SUCCEEDED"
    error: tuple[int, str] | None = None
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    stored: list[bytes] = field(default_factory=list)

    def app(self) -> Starlette:
        methods = ["GET", "PUT", "POST", "DELETE"]
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])

    async def answer(self, request: Request) -> Response:
        if not request.path_params["path"] and request.method == "GET":  # whether the server is up
            return Response()
        target = request.headers.get("x-amz-target", "")
        if not target:
            return await self._object(request)
        given = json.loads(await request.body())
        self.asked.append((target.partition(".")[2], given))
        if self.error is not None:
            return JSONResponse({"__type": self.error[1], "message": "so it is"}, self.error[0])
        if target.endswith("StartDocumentAnalysis"):
            name = given["DocumentLocation"]["S3Object"]["Name"]
            return JSONResponse(
                {"JobId": "j" * 10} if name in self.objects else {}, 200 if name in self.objects else 400
            )
        return JSONResponse(self._job(given))

    def _job(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.turns > 0:
            self.turns -= 1
            return {"JobStatus": "IN_PROGRESS"}
        start = int(given.get("NextToken", 0))
        after = start + self.part
        more = {"NextToken": str(after)} if after < len(self.blocks) else {}
        state = {"JobStatus": self.status, "StatusMessage": "the file is odd"}
        return {**state, "Blocks": self.blocks[start:after], **more}

    async def _object(self, request: Request) -> Response:
        key = request.path_params["path"].partition("/")[2]
        if request.method == "PUT":
            self.objects[key] = await request.body()
            self.stored.append(self.objects[key])
            return Response(headers={"ETag": '"x"'})
        self.objects.pop(key, None)
        return Response(status_code=204)


LINES = [
    {"text": "Mill handbook", "type": "page_info", "confidence": 0.99},
    {"text": "\\section*{Wear of ropes}", "type": "section_header", "confidence": 0.97},
    {"text": "Ropes are looked at", "type": "text", "column": 0, "confidence": 0.96},
    {"text": "every week with $x=1$.", "type": "text", "column": 0, "confidence": 0.41},
    {"text": "$$\na = b\n$$", "type": "math", "confidence": 0.9},
    {
        "text": "\\begin{tabular}{|l|r|}\n\\hline Part & Limit \\\\\n\\hline Rope & 5 \\\\\n\\hline\n\\end{tabular}",
        "type": "table",
        "confidence": 0.8,
    },
    {"text": "a picture", "type": "figure", "confidence": 0.1},
    {"text": "not a part of the text", "type": "text", "conversion_output": False, "confidence": 0.1},
]


@dataclass
class MathpixServer:
    """Mathpix: a file is worked on for `turns` questions."""

    turns: int = 2
    lines: list[dict[str, Any]] = field(default_factory=lambda: list(LINES))
    refuse: Callable[[Request], Response | None] = lambda _: None
    final: dict[str, Any] = field(default_factory=lambda: {"status": "completed", "percent_done": 100})
    asked: list[str] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    keys: set[tuple[str | None, str | None]] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        if not path:  # whether the server is up
            return Response()
        await request.body()
        self.asked.append(f"{request.method} /{path}")
        self.keys.add((request.headers.get("app_id"), request.headers.get("app_key")))
        if (refusal := self.refuse(request)) is not None:
            return refusal
        if request.method == "POST":
            self.files.append(await self._file(request))
            if path == "v3/text":
                return JSONResponse({"text": "Ropes", "confidence": 0.9, "line_data": self.lines})
            return JSONResponse({"pdf_id": "p1"})
        if path == "v3/pdf/p1.lines.json":
            return JSONResponse({"pages": [{"page": 1, "lines": self.lines}, {"page": 2, "lines": self.lines[2:4]}]})
        self.turns -= 1
        return JSONResponse({"status": "processing"} if self.turns >= 0 else self.final)

    async def _file(self, request: Request) -> bytes:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        form = BytesParser().parsebytes(head + await request.body())
        part = next(one for one in form.get_payload() if one.get_param("name", header="content-disposition") == "file")
        return part.get_payload(decode=True)
