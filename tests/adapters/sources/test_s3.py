"""What is special about buckets: pages, prefixes, metadata files that are fetched late, and errors in words."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.sources.s3 import IN_MEMORY, SUFFIX, Found, Pairing, open_source
from outcrop.core.errors import Invalid, Unavailable, Unreadable
from outcrop.core.settings import Settings
from outcrop.testing.serving import free_port
from outcrop.testing.sources import described, listed

KEYS = st.text("ab.-/z\u00fc\U0001f600", min_size=1, max_size=6).filter(lambda key: not key.endswith("/"))


@pytest.fixture
def bucket(s3, request):
    name = f"case-{abs(hash(request.node.nodeid)):x}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def source_of(bucket, s3_server, tmp_path):
    def make(**configuration):
        settings = Settings(data=tmp_path, s3_endpoint=s3_server, max_file_mb=32)
        return open_source({"bucket": bucket, **configuration}, settings)

    return make


@pytest.fixture
def put(s3, bucket):
    def put(*keys, body=b"x"):
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=body)

    return put


@pytest.mark.parametrize(
    ("configuration", "wanted"),
    [
        ({}, ["a.txt", "b/c.pdf", "b/d.txt", "bb.txt"]),
        ({"prefix": "b/"}, ["b/c.pdf", "b/d.txt"]),
        ({"prefix": "b"}, ["b/c.pdf", "b/d.txt", "bb.txt"]),
        ({"include": ["*.pdf"]}, ["b/c.pdf"]),
        ({"exclude": ["b/"]}, ["a.txt", "bb.txt"]),
        ({"prefix": "b/", "hidden": True}, ["b/.e.txt", "b/c.pdf", "b/d.txt"]),
    ],
)
async def test_prefixes_and_patterns_choose_the_objects(source_of, put, configuration, wanted):
    put("a.txt", "b/c.pdf", "b/d.txt", "b/.e.txt", "bb.txt", "folder/", "~$a.docx", ".git/config")
    assert sorted(item.name for item in await listed(source_of(**configuration)) if ".git" not in item.name) == wanted


async def test_a_list_of_many_pages_has_everything_once_with_its_metadata(source_of, put):
    names = [f"{number:02}.txt" for number in range(9)]
    put(*names, "05.txt-copy.txt")
    put("05.txt.metadata.json", body=b'{"metadataAttributes": {"team": "plant"}}')
    source = source_of()
    source.page_size = 2
    items = {item.name: item for item in await described(source)}
    assert sorted(items) == sorted([*names, "05.txt-copy.txt"])
    assert {name: dict(item.metadata) for name, item in items.items() if item.metadata} == {"05.txt": {"team": "plant"}}


@given(st.sets(KEYS, max_size=12), st.sets(KEYS, max_size=6), st.integers(1, 5), st.booleans())
def test_every_document_gets_its_metadata_file_however_the_pages_fall(documents, more, size, shuffled):
    keys = sorted(documents | {key + SUFFIX for key in more}, key=lambda key: key.encode())
    if shuffled:
        keys.reverse()
    pairing, given_back = Pairing(ordered=not shuffled), []
    for start in range(0, max(len(keys), 1), size):
        page = [Found(key, f"tag of {key}", 1) for key in keys[start : start + size]]
        last = page[-1].key if start + size < len(keys) else None
        given_back += pairing.paired(page, last)
    if not shuffled:  # a list in another order may show a metadata file first
        alone = {key + SUFFIX for key in more - documents}
        assert {found.key for found in given_back} == documents | alone
        paired = {found.key: found.sidecar for found in given_back if found.sidecar}
        assert paired == {key: f"tag of {key}{SUFFIX}" for key in documents & more}
    assert len(given_back) == len({found.key for found in given_back})


async def test_a_metadata_file_alone_is_left_out_with_a_reason(source_of, put):
    put("a.txt.metadata.json", body=b"{}")
    (item,) = await listed(source_of())
    assert (item.fault.reason, item.fault.message) == (
        "unsupported",
        "A metadata file whose document a.txt is not there.",
    )


@pytest.mark.parametrize("body", [b"{", b'{"metadataAttributes": 1}', b" " * (1 << 20) + b"{}"])
async def test_a_metadata_file_that_cannot_be_used_says_so(source_of, put, body):
    put("a.txt")
    put("a.txt.metadata.json", body=body)
    (item,) = await listed(source_of())
    with pytest.raises(Unreadable, match=r"Its metadata file a\.txt\.metadata\.json cannot be used"):
        await source_of().describe(item)


async def test_a_large_object_goes_through_a_file_that_is_gone_afterwards(source_of, put):
    data = bytes(range(256)) * (IN_MEMORY // 256 + 1)
    put("a.bin", body=data)
    (item,) = await listed(source_of())
    blob = await source_of().fetch(item)
    assert blob.path.is_file()
    assert blob.read() == data
    blob.release()
    assert not blob.path.exists()


async def test_an_object_over_the_limit_is_not_fetched(source_of, s3, bucket, put):
    put("a.bin", body=b"x" * (33 << 20))
    source = source_of()
    (item,) = await listed(source)
    s3.delete_object(Bucket=bucket, Key="a.bin")  # so that fetching it would say something else
    with pytest.raises(Unreadable, match="33 MiB; at most 32 are read") as caught:
        await source.fetch(item)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, "NoSuchBucket", "There is no bucket docs"),
        (403, "AccessDenied", "Access to the bucket docs is denied. The server's credentials need s3:ListBucket"),
        (403, "InvalidAccessKeyId", "S3 does not accept the server's credentials"),
        (400, "SomethingNew", "SomethingNew. In its own words."),
    ],
)
async def test_what_is_wrong_with_a_bucket_is_said_in_words(s3, tmp_path, status, code, sentence):
    with answering(status, f"<Error><Code>{code}</Code><Message>In its own words.</Message></Error>") as address:
        source = open_source({"bucket": "docs"}, Settings(data=tmp_path, s3_endpoint=address))
        with pytest.raises(Unavailable) as caught:
            await listed(source)
    assert sentence in caught.value.message
    assert "Nothing was changed." in caught.value.message


async def test_a_server_that_is_not_there_is_said_to_be_unreachable(s3, tmp_path):
    source = open_source({"bucket": "docs"}, Settings(data=tmp_path, s3_endpoint=f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Unavailable, match="S3 cannot be reached for the bucket docs"):
        await listed(source)


async def test_without_credentials_it_says_what_to_set(s3_server, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    source = open_source({"bucket": "docs"}, Settings(data=tmp_path, s3_endpoint=s3_server))
    with pytest.raises(Unavailable, match="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where it runs"):
        await listed(source)


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({}, "needs the name of its bucket"),
        ({"bucket": "docs", "path": "/"}, "has no setting 'path'"),
        ({"bucket": 1}, "must be a str"),
        ({"bucket": "docs", "include": ["///"]}, "is no pattern"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused(tmp_path, configuration, complaint):
    with pytest.raises(Invalid, match=complaint):
        open_source(configuration, Settings(data=tmp_path))


@contextmanager
def answering(status, body):
    """A server that gives everyone the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_an_object_is_found_by_its_address_as_the_list_shows_it(source_of, put, bucket):
    put("b/a.txt", "b/c.txt", ".hidden.txt", "d.txt")
    put("b/a.txt.metadata.json", body=b'{"metadataAttributes": {"team": "plant"}}')
    source = source_of(prefix="b/")
    items = await listed(source)
    assert [await source.find(item.uri) for item in items] == items
    for name in ("b/none.txt", "d.txt", ".hidden.txt"):
        assert await source.find(f"s3://{bucket}/{name}") is None
    assert await source.find("s3://another/b/a.txt") is None
