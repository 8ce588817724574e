"""`outcrop up`: what it prints is enough for a client, with keys or without, over HTTP or HTTPS."""

from __future__ import annotations

import subprocess
import sys

import pytest

CLIENT = """
import boto3
runtime = boto3.client("bedrock-agent-runtime")
try:
    runtime.retrieve(knowledgeBaseId="ABCDEFGHIJ", retrievalQuery={"text": "x"})
except runtime.exceptions.ResourceNotFoundException as error:
    print(error.response["Error"]["Message"])
"""


def said_by_client(environment):
    """What an unmodified client prints that has nothing but the lines to export."""
    done = subprocess.run(
        [sys.executable, "-c", CLIENT], env={"PATH": "", **environment}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_first_start_makes_a_key_and_prints_what_to_export(serve, tmp_path):
    with serve(data=tmp_path / "data") as server:
        assert server.address.startswith("http://")
        assert "There is no knowledge base 'ABCDEFGHIJ'" in said_by_client(server.environment)
    with serve(data=tmp_path / "data") as server:
        assert "AWS_SECRET_ACCESS_KEY" not in server.environment


def test_with_tls_it_prints_whom_to_trust(serve, tmp_path):
    with serve("--tls", data=tmp_path) as server:
        assert server.address.startswith("https://")
        assert "There is no knowledge base 'ABCDEFGHIJ'" in said_by_client(server.environment)


def test_without_keys_any_will_do(serve, tmp_path):
    keys = {"AWS_ACCESS_KEY_ID": "anything", "AWS_SECRET_ACCESS_KEY": "anything"}
    with serve("--no-auth", data=tmp_path) as server:
        assert "There is no knowledge base 'ABCDEFGHIJ'" in said_by_client({**server.environment, **keys})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--no-auth", "--host", "0.0.0.0"], "may only listen on this machine"),  # noqa: S104
        (["--tls-cert", "a.pem"], "give both --tls-cert and --tls-key"),
        (["--tls-cert", "a.pem", "--tls-key", "b.pem"], "are no certificate and its unencrypted key"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(outcrop_command, tmp_path, options, complaint):
    done = outcrop_command("up", "--port", "0", *options, data=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
