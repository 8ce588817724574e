"""Requests that nobody would send: made from what the service models allow, and spoilt in every way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.wire.test_round_trips import Generator

from outcrop.testing.small import KEY_ID, SECRET

HOST = "http://localhost:8080"
TEXTS = (
    "", " ", "\0", "a" * 5000, "../../../etc/passwd", "<script>alert(1)</script>", "'; DROP TABLE documents; --",
    "\u202e\u0000\ufeff", "\U0001f600" * 50, "s3://", "s3://bucket/key", "file:///etc/passwd", "http://169.254.169.254/",
    "arn:aws:bedrock:us-east-1::foundation-model/", "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/ABCDEFGHIJ",
    "outcrop.extractive-v1", "outcrop.default-v1", "${x}", "$search_results$ $query$", "{{7*7}}", "%s%n", "-1", "1e999",
    "true", "null", "2026-01-31T12:00:00Z", "9" * 4500, "eyJhIjoxfQ==", "not base64 at all!", "{}", "[]", "\ud800",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2, 101, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308, 5e-324)
LABELS = (
    "", ".", "..", "%2e%2e", "%2F", "%00", "%FF%FE", "%", "%zz", "+", "a" * 3000, "%E2%80%AE", "DRAFT", "*", "~",
    ";a=b",
    "ABCDEFGHIJ", "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Foutcrop.extractive-v1", "outcrop.default-v1",
)  # fmt: skip
QUERIES = (
    "maxResults=0", "maxResults=-1", "maxResults=" + "9" * 5000, "maxResults=x", "maxResults=1&maxResults=2",
    "nextToken=",
    "nextToken=%00", "nextToken=eyJhIjoxfQ", "nextToken=" + "A" * 3000, "nextToken=d", "nextToken=i%FF", "tagKeys=",
    "unknown=1", "=", "&&&", "%", "%FF=%FF", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x", "a[]=1", "?" * 50,
)  # fmt: skip
HEADERS = (
    ("content-type", "text/html"), ("content-type", "application/json; charset=utf-16"), ("content-type", "\x7f"),
    ("content-encoding", "gzip"), ("accept", "x" * 4000), ("x-amz-date", "yesterday"),
    ("x-amz-content-sha256", "0" * 64),
    ("authorization", "AWS4-HMAC-SHA256"), ("authorization", "Bearer " + "x" * 300), ("authorization", "Basic \xff"),
    ("authorization", "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;;, Signature=zz"), ("host", ""),
    ("host", "[::1"), ("cookie", '="\x01'), ("origin", "null"), ("x-amz-security-token", "\xe9"),
    ("x-forwarded-for", "'"),
    ("x-amzn-bedrock-guardrailidentifier", "g"), ("x-amzn-bedrock-accept", "*/*"), ("range", "bytes=9-1"),
    ("content-length", "9" * 5000), ("content-length", "-1"), ("content-length", "\xb2"),
)  # fmt: skip
BODIES = (
    b"", b"null", b"true", b"0", b'""', b"[]", b"{", b'{"a":', b"NaN", b'{"a": NaN}', b'{"a": 1, "a": 2}',
    b"\xff\xfe{}",
    b"\x00" * 20, b"[" * 5000, b'{"a":' * 300 + b"1" + b"}" * 300, b'"\\ud800"', b"\xef\xbb\xbf{}", b"1" * 5000,
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A request, its path and query as they stand on the wire."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = field(default=())
    signed: bool = True

    @property
    def url(self) -> str:
        return f"{HOST}{self.path}" + (f"?{self.query}" if self.query else "")

    def all_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers with those of a signature, which the given ones replace."""
        found = {"host": "localhost:8080", **self.signature()}
        given = {name for name, _ in self.headers}
        pairs = [(name, value) for name, value in found.items() if name.lower() not in given]
        return [(name.encode(), value.encode("latin-1")) for name, value in (*pairs, *self.headers)]

    def signature(self) -> dict[str, str]:
        if not self.signed:
            return {}
        request = AWSRequest(method=self.method, url=self.url, data=self.body)
        SigV4Auth(Credentials(KEY_ID, SECRET), "bedrock", "us-east-1").add_auth(request)
        return dict(request.headers.items())


CLAUDE, NOVA, TITAN, LLAMA = TALKING = (
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "amazon.nova-lite-v1:0",
    "amazon.titan-text-express-v1",
    "meta.llama3-1-8b-instruct-v1:0",
)
MESSAGES = [{"role": "user", "content": [{"text": "How much oil does the pump need?"}]}]
SCHEMA = {"json": {"type": "object", "properties": {"litres": {"type": "integer"}}}}
TOOLS = {
    "tools": [{"toolSpec": {"name": "oil", "description": "Counts.", "inputSchema": SCHEMA}}],
    "toolChoice": {"auto": {}},
}
CONVERSATION = {
    "messages": MESSAGES,
    "system": [{"text": "Be brief."}],
    "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
    "toolConfig": TOOLS,
}
SEARCH = {
    "numberOfResults": 3,
    "overrideSearchType": "HYBRID",
    "filter": {"andAll": [{"equals": {"key": "year", "value": 2026}}, {"notIn": {"key": "team", "value": ["sales"]}}]},
}
ANSWERED = {
    "knowledgeBaseId": "{knowledgeBaseId}",
    "modelArn": CLAUDE,
    "retrievalConfiguration": {"vectorSearchConfiguration": SEARCH},
    "generationConfiguration": {
        "promptTemplate": {"textPromptTemplate": "Use $search_results$ for $query$. $output_format_instructions$"},
        "inferenceConfig": {"textInferenceConfig": {"temperature": 0.2, "maxTokens": 200}},
    },
}
ASKED = {
    "input": {"text": "How much oil does the pump need?"},
    "retrieveAndGenerateConfiguration": {"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": ANSWERED},
}
FOUND = {"retrievalQuery": {"text": "oil"}, "retrievalConfiguration": {"vectorSearchConfiguration": SEARCH}}
CUSTOM_ID = {"dataSourceType": "CUSTOM", "custom": {"id": "pumps"}}
TEXT = {"type": "TEXT", "textContent": {"data": "The valve needs none."}}
BYTES = {"type": "BYTE", "byteContent": {"mimeType": "text/markdown", "data": "IyBPaWw="}}
YEAR = {"key": "year", "value": {"type": "NUMBER", "numberValue": 2026}}
BASE_FORM = {
    "name": "another",
    "roleArn": "arn:aws:iam::123456789012:role/service-role/AmazonBedrock",
    "knowledgeBaseConfiguration": {
        "type": "VECTOR",
        "vectorKnowledgeBaseConfiguration": {
            "embeddingModelArn": "arn:aws:bedrock:us-east-1::foundation-model/test.token-hash-model"
        },
    },
}
SOURCE_FORM = {
    "name": "bucket",
    "dataSourceConfiguration": {"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::bucket"}},
    "vectorIngestionConfiguration": {
        "chunkingConfiguration": {
            "chunkingStrategy": "FIXED_SIZE",
            "fixedSizeChunkingConfiguration": {"maxTokens": 100, "overlapPercentage": 10},
        }
    },
}
INVOKED = (
    (
        CLAUDE,
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Oil?"}],
        },
    ),
    (NOVA, {"messages": MESSAGES, "inferenceConfig": {"maxTokens": 100}}),
    (TITAN, {"inputText": "Oil?", "textGenerationConfig": {"maxTokenCount": 100, "temperature": 0.5}}),
    (LLAMA, {"prompt": "Oil?", "max_gen_len": 100, "temperature": 0.5}),
)
# Whole requests that are carried out, to be spoilt a little: by operation, the model that its path names and the body.
SEEDS = {
    "Retrieve": [
        (None, {"retrievalQuery": {"text": "oil"}, "retrievalConfiguration": {"vectorSearchConfiguration": SEARCH}})
    ],
    "RetrieveAndGenerate": [(None, ASKED)],
    "RetrieveAndGenerateStream": [(None, ASKED)],
    "Converse": [(CLAUDE, CONVERSATION), (NOVA, {"messages": MESSAGES})],
    "ConverseStream": [(CLAUDE, CONVERSATION), (NOVA, {"messages": MESSAGES})],
    "CountTokens": [(CLAUDE, {"input": {"converse": {"messages": MESSAGES}}})],
    "InvokeModel": INVOKED,
    "InvokeModelWithResponseStream": INVOKED,
    "CreateKnowledgeBase": [(None, BASE_FORM)],
    "UpdateKnowledgeBase": [(None, BASE_FORM)],
    "CreateDataSource": [(None, SOURCE_FORM)],
    "UpdateDataSource": [(None, {**SOURCE_FORM, "dataSourceConfiguration": {"type": "CUSTOM"}})],
    "IngestKnowledgeBaseDocuments": [
        (
            None,
            {
                "documents": [
                    {
                        "content": {
                            "dataSourceType": "CUSTOM",
                            "custom": {
                                "customDocumentIdentifier": {"id": name},
                                "sourceType": "IN_LINE",
                                "inlineContent": content,
                            },
                        },
                        "metadata": {"type": "IN_LINE_ATTRIBUTE", "inlineAttributes": [YEAR]},
                    }
                    for name, content in (("valves", TEXT), ("oil.md", BYTES))
                ]
            },
        )
    ],
    "GetKnowledgeBaseDocuments": [(None, {"documentIdentifiers": [CUSTOM_ID]})],
    "DeleteKnowledgeBaseDocuments": [(None, {"documentIdentifiers": [CUSTOM_ID]})],
    "GetDocumentContent": [(None, {"outputFormat": "EXTRACTED"})],
    "ListIngestionJobs": [(None, {"sortBy": {"attribute": "STATUS", "order": "ASCENDING"}, "maxResults": 2})],
    "CreateInferenceProfile": [
        (
            None,
            {
                "inferenceProfileName": "mine",
                "modelSource": {"copyFrom": f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}"},
            },
        )
    ],
}


class Fuzzer:
    """Makes requests for an operation by the choices of a random source; `ids` are real ones, by label."""

    def __init__(self, random, ids):
        self.random = random
        self.ids = ids

    def requests(self, operation, count, accepts):
        """Whole requests as the model allows them and as Outcrop accepts them, and then spoilt ones."""
        seeds = SEEDS.get(operation.name, ())
        for turn in range(count):
            if seeds and turn % 3:
                made = self._seed(operation, accepts, seeds[turn // 3 % len(seeds)])
                yield made if turn < len(seeds) * 3 else self._body(made)
            else:
                made = self._made(operation, accepts if turn % 2 else {"**": {}})
                yield made if turn < 2 else self.spoilt(made)

    def _seed(self, operation, accepts, seed):
        """A request that is carried out: real ids in its path, and a body that is written down."""
        model, body = seed
        text = json.dumps(body)
        for name, value in self.ids.items():
            text = text.replace("{" + name + "}", value)
        labels = {**self.ids, **({"modelId": model} if model else {})}
        made = Fuzzer(self.random, labels)._made(operation, accepts, sure=True)
        return replace(made, body=text.encode(), query="", headers=(("content-type", "application/json"),))

    def spoilt(self, sent):
        """A request with something wrong in one or two places."""
        for spoil in self.random.sample([self._body, self._body, self._path, self._query, self._headers], k=2):
            sent = spoil(sent)
        return replace(sent, signed=sent.signed and self.random.random() < 0.9)

    def _made(self, operation, accepts, *, sure=False):
        parameters = Generator(self.random).value(operation.input, accepts)
        path, query, body, headers = operation.path, [], {}, []
        for member in operation.input.members.values():
            value = parameters.get(member.name)
            match member.location:
                case "uri":
                    label = "{" + member.wire_name
                    text = quote(str(self._label(member, value, sure)), safe="~")
                    path = path.replace(label + "+}", text).replace(label + "}", text)
                case _ if value is None:
                    continue
                case "querystring":
                    query += [
                        f"{member.wire_name}={quote(str(one))}"
                        for one in (value if isinstance(value, list) else [value])
                    ]
                case "header":
                    headers.append((member.wire_name.lower(), str(value).encode("ascii", "replace").decode()))
                case _:
                    body[member.name] = value
        return Sent(operation.method, path, "&".join(query), self._json(operation, body), tuple(headers))

    def _label(self, member, value, sure):
        real = self.ids.get(member.name[0].lower() + member.name[1:])
        return real if real is not None and (sure or self.random.random() < 0.8) else value or "x"

    def _json(self, operation, body):
        payload = operation.input.payload
        if payload is not None:
            body = body.get(payload.name, b"" if payload.shape.type == "blob" else {})
            if isinstance(body, bytes):
                return body
        return json.dumps(self._wire(body)).encode()

    def _wire(self, value):
        """A value in JSON's types, real ids in their places."""
        if isinstance(value, dict):
            return {name: self._known(name) or self._wire(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._wire(one) for one in value]
        if isinstance(value, bytes):
            return value.hex()
        return value if isinstance(value, str | int | float | bool | None) else value.isoformat()

    def _known(self, name):
        return self.ids.get(name) if self.random.random() < 0.7 else None

    def _body(self, sent):
        try:
            value = json.loads(sent.body)
        except (ValueError, RecursionError):
            value = None
        if value is None or self.random.random() < 0.2:
            return replace(sent, body=self.random.choice(BODIES))
        for _ in range(self.random.randint(1, 3)):
            value = self._changed(value)
        return replace(sent, body=json.dumps(value).encode())

    def _changed(self, value):
        """A value with one part of it replaced, left out, doubled or added."""
        if isinstance(value, dict) and value and self.random.random() < 0.8:
            name = self.random.choice(list(value))
            if self.random.random() < 0.15:
                return {one: value[one] for one in value if one != name}
            added = {self.random.choice(TEXTS): self.odd()} if self.random.random() < 0.1 else {}
            return {**value, name: self._changed(value[name]), **added}
        if isinstance(value, list) and value and self.random.random() < 0.8:
            place = self.random.randrange(len(value))
            times = self.random.choice((1, 1, 1, 2, 300))
            return [*value[:place], *[self._changed(value[place])] * times, *value[place + 1 :]]
        return self.odd()

    def odd(self):
        """A value that is seldom right."""
        pick = self.random.random
        if pick() < 0.5:
            return self.random.choice(TEXTS)
        if pick() < 0.5:
            return self.random.choice(NUMBERS)
        return self.random.choice([None, True, False, [], {}, [None], [[]], {"": ""}, {"a": {"b": []}}, ["a"] * 60])

    def _path(self, sent):
        parts = sent.path.split("/")
        place = self.random.randrange(1, len(parts))
        choice = self.random.random()
        if choice < 0.7:
            parts[place] = self.random.choice(LABELS)
        elif choice < 0.8:
            parts.insert(place, "")
        else:
            parts.append(self.random.choice(("", "x")))
        return replace(sent, path="/".join(parts) or "/")

    def _query(self, sent):
        added = self.random.choice(QUERIES)
        return replace(sent, query=f"{sent.query}&{added}" if sent.query else added)

    def _headers(self, sent):
        return replace(sent, headers=(*sent.headers, self.random.choice(HEADERS)))
