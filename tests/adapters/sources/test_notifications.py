"""A bucket whose changes come by messages of a queue: it is not listed again, and nothing is missed."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import boto3
import pytest

from outcrop.adapters.sources import s3 as s3_module
from outcrop.adapters.sources.notifications import changed_keys
from outcrop.adapters.sources.s3 import open_source
from outcrop.core.errors import Denied, Invalid, Unavailable
from outcrop.core.settings import Settings
from outcrop.testing.sources import described, listed

HOUR = 3600


def record(key, event="ObjectCreated:Put", bucket="docs"):
    return {"eventSource": "aws:s3", "eventName": event, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        ({"Records": [record("a+b%2Bc%C3%BC.txt")]}, ["a b+c\u00fc.txt"]),
        ({"Records": [record("a", "ObjectRemoved:DeleteMarkerCreated"), record("b")]}, ["a", "b"]),
        ({"Records": [record("a", "ObjectTagging:Put")]}, []),
        ({"Records": [record("a", bucket="others")]}, None),
        ({"Event": "s3:TestEvent", "Bucket": "docs"}, []),
        ({"Type": "Notification", "Message": json.dumps({"Records": [record("a")]})}, ["a"]),
        ({"source": "aws.s3", "detail-type": "Object Deleted",
          "detail": {"bucket": {"name": "docs"}, "object": {"key": "a+b"}}}, ["a+b"]),
        ({"Records": []}, None),
        ({"Records": [{}]}, None),
        ([], None),
        ("text", None),
    ],
)  # fmt: skip
def test_what_a_message_says_has_changed(message, keys):
    assert changed_keys(json.dumps(message), "docs") == keys


@pytest.fixture
def bucket(s3, request):
    name = f"queue-{abs(hash(request.node.nodeid)):x}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def sqs(s3, s3_server):
    client = boto3.session.Session().client("sqs", endpoint_url=s3_server)
    yield client
    client.close()


@pytest.fixture
def queue(sqs, bucket):
    return sqs.create_queue(QueueName=bucket)["QueueUrl"]


@pytest.fixture
def notify(sqs, queue, bucket):
    def notify(*keys, event="ObjectCreated:Put", body=None):
        records = {"Records": [record(quote_plus(key), event, bucket) for key in keys]}
        sqs.send_message(QueueUrl=queue, MessageBody=body or json.dumps(records))

    return notify


@pytest.fixture
def source_of(bucket, queue, s3_server, tmp_path):
    settings = Settings(data=tmp_path, s3_endpoint=s3_server)
    return lambda **more: open_source({"bucket": bucket, "queue": queue, **more}, settings)


@pytest.fixture
def lists(monkeypatch):
    """How often the bucket was listed."""
    counted = []
    real = s3_module.S3Source._page
    monkeypatch.setattr(s3_module.S3Source, "_page", lambda self, token: (counted.append(1), real(self, token))[1])
    return counted


@pytest.fixture
def waiting(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def waiting():
        return sum(map(int, sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"].values()))

    return waiting


async def test_after_the_first_list_only_what_messages_name_is_looked_at(s3, bucket, source_of, notify, lists, waiting):
    for key in ("a.txt", "b.txt", "silent.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    before = {item.name: item for item in await listed(source_of())}
    assert (sorted(before), len(lists)) == (["a.txt", "b.txt", "silent.txt"], 1)
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"22")
    s3.put_object(Bucket=bucket, Key="c d+e.txt", Body=b"3")
    s3.put_object(Bucket=bucket, Key="silent.txt", Body=b"nobody tells")
    s3.delete_object(Bucket=bucket, Key="b.txt")
    notify("a.txt", "c d+e.txt")
    notify("a.txt")  # twice
    notify("b.txt", event="ObjectRemoved:Delete")
    notify("a.txt", event="ObjectRemoved:Delete")  # late: it is there
    after = {item.name: item for item in await listed(source_of())}
    assert sorted(after) == ["a.txt", "c d+e.txt", "silent.txt"]
    assert (after["a.txt"].size, after["a.txt"].version != before["a.txt"].version) == (2, True)
    assert after["silent.txt"].version == before["silent.txt"].version
    assert (len(lists), waiting()) == (1, 0)


async def test_metadata_files_are_told_of_too(s3, bucket, source_of, notify):
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"1")
    await listed(source_of())
    s3.put_object(Bucket=bucket, Key="a.txt.metadata.json", Body=b'{"metadataAttributes": {"team": "plant"}}')
    notify("a.txt.metadata.json")
    (item,) = await described(source_of())
    assert dict(item.metadata) == {"team": "plant"}
    s3.delete_object(Bucket=bucket, Key="a.txt")
    notify("a.txt", event="ObjectRemoved:Delete")
    (item,) = await listed(source_of())
    assert item.fault.message == "A metadata file whose document a.txt is not there."


async def test_messages_that_are_not_for_us_stay_in_the_queue(source_of, notify, waiting):
    notify(body="not JSON")
    notify(body=json.dumps({"Records": [record("a", bucket="others")]}))
    notify(body=json.dumps({"Event": "s3:TestEvent", "Bucket": "others"}))
    assert await listed(source_of()) == []
    assert waiting() == 3


async def test_a_message_stays_until_what_it_tells_of_is_kept(s3, bucket, source_of, notify, waiting, monkeypatch):
    await listed(source_of())
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"1")
    notify("a.txt")

    def crash(*_):
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(s3_module.Inventory, "change", crash)
        with pytest.raises(Unavailable, match=r"disk is full\. Nothing was changed"):
            await listed(source_of())
    assert waiting() == 1


async def test_what_went_astray_is_found_by_the_next_whole_list(s3, bucket, source_of, lists):
    await listed(source_of(relist_hours=0))
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"1")
    assert [item.name for item in await listed(source_of(relist_hours=0))] == ["a.txt"]
    assert len(lists) == 2


async def test_waiting_messages_are_a_sign_to_sync(source_of, notify):
    notify("a.txt")
    signs = source_of().watch()
    await anext(signs)
    await signs.aclose()


async def test_patterns_and_prefixes_hold_for_messages(s3, bucket, source_of, notify):
    make = lambda: source_of(prefix="docs/", exclude=["*.csv"])  # noqa: E731 # twice the same
    await listed(make())
    for key in ("docs/a.txt", "docs/b.csv", "other.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    notify("docs/a.txt", "docs/b.csv", "other.txt", "docs/folder/")
    assert [item.name for item in await listed(make())] == ["docs/a.txt"]


@pytest.mark.parametrize(
    ("queue", "error"),
    [("docs", Invalid), ("https://sqs.eu-west-1.amazonaws.com", Invalid), ("http://169.254.169.254/1/x", Denied)],
)
def test_a_queue_must_be_one_that_may_be_asked(tmp_path, queue, error):
    with pytest.raises(error):
        open_source({"bucket": "docs", "queue": queue}, Settings(data=tmp_path))


async def test_a_queue_that_is_not_there_is_told(source_of, queue):
    with pytest.raises(Unavailable, match="Nothing was changed"):
        await listed(source_of(queue=f"{queue}-not"))
