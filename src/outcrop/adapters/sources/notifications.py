"""Event notifications of S3 in an SQS queue: which objects may have changed.

Messages come from S3 itself, through SNS, or from EventBridge; they may come twice, late, and in any order, so that
they say no more than where to look. A message is deleted once what it tells of is kept; one that is not understood, or
is of another bucket, stays in the queue for whoever it is for.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from outcrop.adapters.sources.s3_client import open_client, translated
from outcrop.core.errors import Denied, Invalid
from outcrop.core.settings import Settings

HIDDEN_SECONDS = 300  # in which nobody else is given a message that we hold
MOST_BATCHES = 10_000
AT_ONCE = 10  # the most that SQS gives
CHANGES = ("ObjectCreated:", "ObjectRemoved:", "ObjectRestore:Completed", "LifecycleExpiration:")
EVENTS = frozenset({"Object Created", "Object Deleted", "Object Restore Completed"})


@dataclass(frozen=True, slots=True)
class Batch:
    """The keys that some messages name, and the messages, to be deleted once these are looked at."""

    keys: Sequence[str]
    receipts: Sequence[str]


class Notifications:
    """The messages of one queue that are about one bucket."""

    def __init__(self, queue: str, bucket: str, settings: Settings) -> None:
        self._queue = queue
        self._bucket = bucket
        self._endpoint = _endpoint(queue, settings)
        self._opened: Any = None

    def batches(self) -> Iterator[Batch]:
        """What waits in the queue. Raises Unavailable and Denied."""
        for _ in range(MOST_BATCHES):
            with translated(self._queue):
                reply = self._client.receive_message(
                    QueueUrl=self._queue,
                    MaxNumberOfMessages=AT_ONCE,
                    WaitTimeSeconds=1,  # or SQS asks some of its servers only
                    VisibilityTimeout=HIDDEN_SECONDS,
                )
            messages = reply.get("Messages", ())
            if not messages:
                return
            read = [(changed_keys(one["Body"], self._bucket), one["ReceiptHandle"]) for one in messages]
            keys = dict.fromkeys(key for found, _ in read if found is not None for key in found)
            yield Batch(list(keys), [receipt for found, receipt in read if found is not None])

    def delete(self, batch: Batch) -> None:
        """Remove messages that are done."""
        if batch.receipts:
            entries = [{"Id": str(at), "ReceiptHandle": receipt} for at, receipt in enumerate(batch.receipts)]
            with translated(self._queue):
                self._client.delete_message_batch(QueueUrl=self._queue, Entries=entries)

    def waiting(self) -> int:
        """About how many messages there are. Raises Unavailable and Denied."""
        name = "ApproximateNumberOfMessages"
        with translated(self._queue):
            reply = self._client.get_queue_attributes(QueueUrl=self._queue, AttributeNames=[name])
        return int(reply["Attributes"][name])

    @property
    def _client(self) -> Any:
        if self._opened is None:
            self._opened = open_client(self._endpoint, "sqs", _region(self._queue))
        return self._opened


def changed_keys(body: str, bucket: str) -> list[str] | None:
    """The keys that a message says have changed in a bucket; None for a message that is not for us."""
    try:
        message = json.loads(body)
        if isinstance(message, dict) and message.get("Type") == "Notification":  # by SNS
            message = json.loads(message["Message"])
        return _keys(message, bucket) if isinstance(message, dict) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _keys(message: Mapping[str, Any], bucket: str) -> list[str] | None:
    if message.get("Event") == "s3:TestEvent":
        return [] if message.get("Bucket") == bucket else None
    if message.get("source") == "aws.s3":  # by EventBridge, whose keys are not encoded
        detail = message["detail"]
        if detail["bucket"]["name"] != bucket:
            return None
        return [detail["object"]["key"]] if message["detail-type"] in EVENTS else []
    records = message["Records"]
    if not records or any(one["s3"]["bucket"]["name"] != bucket for one in records):
        return None
    changes = (one for one in records if one["eventName"].removeprefix("s3:").startswith(CHANGES))
    return [unquote_plus(one["s3"]["object"]["key"]) for one in changes]


def _endpoint(queue: str, settings: Settings) -> str | None:
    """Where a queue is asked: AWS's own place for one of AWS, else the queue's origin, if that may be reached."""
    parts = urlsplit(queue)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or not parts.path.strip("/"):
        raise Invalid(f"{queue!r:.200} is no address of a queue, such as https://sqs.eu-west-1.amazonaws.com/1234/docs")
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return None
    same = settings.s3_endpoint is not None and urlsplit(settings.s3_endpoint).hostname == host
    if not same and not {host, parts.netloc} & set(settings.private_hosts):
        raise Denied(f"The queue's host {host} is not AWS's. Whoever runs the server allows it by private_hosts.")
    return f"{parts.scheme}://{parts.netloc}"


def _region(queue: str) -> str | None:
    """The region that a queue's address of AWS names."""
    parts = (urlsplit(queue).hostname or "").split(".")
    return parts[1] if parts[0] == "sqs" and len(parts) > 3 else None  # noqa: PLR2004 # sqs.REGION.amazonaws.com
