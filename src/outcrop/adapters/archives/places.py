"""Where the files of an archive are: a folder, or a bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from outcrop.adapters.sources.s3_client import open_client, translated
from outcrop.core.errors import Invalid, Unavailable

PRIVATE = 0o700
S3 = "s3://"


class Place(Protocol):
    """Files by name, with slashes; each is written once and whole."""

    def write(self, name: str, data: bytes) -> None:
        """Keep a file. Raises Unavailable."""
        ...

    def names(self, prefix: str) -> Iterator[str]:
        """The names below a prefix, in order. Raises Unavailable."""
        ...

    def read(self, name: str) -> bytes:
        """A file. Raises Unavailable."""
        ...


class FolderPlace:
    """A folder of this machine, which its owner alone may read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, data: bytes) -> None:
        """Keep a file; one that is there is whole, after a crash too."""
        path = self._root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            half = path.with_suffix(".part")
            with half.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            raise Unavailable(f"The archive {self._root} cannot be written: {error.strerror}.") from error

    def names(self, prefix: str) -> Iterator[str]:
        """The names of the finished files."""
        found = (path.relative_to(self._root).as_posix() for path in (self._root / prefix).rglob("*.parquet"))
        yield from sorted(found)

    def read(self, name: str) -> bytes:
        """A file."""
        try:
            return (self._root / name).read_bytes()
        except OSError as error:
            raise Unavailable(f"The archive {self._root} cannot be read: {error.strerror}.") from error


class BucketPlace:
    """A bucket, on AWS or any server that speaks its API."""

    def __init__(self, bucket: str, prefix: str, client: Any) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = client

    def write(self, name: str, data: bytes) -> None:
        """Put an object."""
        with translated(self._bucket):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)

    def names(self, prefix: str) -> Iterator[str]:
        """The objects' names, page by page."""
        with translated(self._bucket):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                keys = (found["Key"] for found in page.get("Contents", ()))
                yield from (key.removeprefix(self._prefix) for key in keys if key.endswith(".parquet"))

    def read(self, name: str) -> bytes:
        """An object."""
        with translated(self._bucket):
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            return body


def place_of(where: str, endpoint: str | None) -> Place:
    """The place of an address: `s3://bucket/prefix`, or a folder. Raises Invalid."""
    if not where.startswith(S3):
        return FolderPlace(Path(where).expanduser())
    bucket, _, prefix = where.removeprefix(S3).partition("/")
    if not bucket:
        raise Invalid(f"The setting archive: {where!r} names no bucket; write s3://bucket/prefix.")
    return BucketPlace(bucket, prefix, open_client(endpoint))
