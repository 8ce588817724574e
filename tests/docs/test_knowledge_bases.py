"""The program on the page about knowledge bases runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

from outcrop.bedrock.app import bedrock_app
from outcrop.testing.serving import served
from outcrop.testing.small import KEY_ID, SECRET
from outcrop.testing.whole import Whole

PAGE = (Path(__file__).parents[2] / "docs" / "knowledge-bases.md").read_text(encoding="utf-8")


@pytest.fixture
def server(tmp_path, s3_server):
    folders, model = (tmp_path,), "local:all-MiniLM-L6-v2"
    services = Whole(tmp_path / "data").services(source_folders=folders, s3_endpoint=s3_server, embedding_model=model)
    with served(lambda: bedrock_app(services)) as running:
        yield running
        running.call(services.jobs.close())


def test_the_program_makes_and_syncs_a_knowledge_base(server, s3, tmp_path, monkeypatch, capsys):
    s3.create_bucket(Bucket="my-documents")
    s3.put_object(Bucket="my-documents", Key="a.txt", Body=b"Pumps need oil.")
    first, second = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    # The server's S3 client was told its endpoint; its credentials are any, since the S3 server takes all.
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    scope = {}
    exec(first, scope)  # noqa: S102 # our own page
    printed = capsys.readouterr().out
    assert printed.startswith("COMPLETE")
    assert "'numberOfNewDocumentsIndexed': 1" in printed
    (tmp_path / "documents").mkdir()
    exec(second.replace("/srv/documents", str(tmp_path / "documents")), scope)  # noqa: S102 # as above
    scope["agent"].close()
