"""The example that asks by InvokeModel reads a picture through a provider on loopback, whole and streamed."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from outcrop.bedrock.app import bedrock_app
from outcrop.testing.chat_formats import Call
from outcrop.testing.chat_server import chat_server
from outcrop.testing.serving import served
from outcrop.testing.small import KEY_ID, SECRET, small_services

EXAMPLE = Path(__file__).parents[2] / "examples" / "invoke_model" / "converse_by_body.py"
MODEL = "anthropic.claude-3-5-sonnet-20241022-v2:0"
FOUND = Call(id="call_1", name="record_closure", arguments='{"booth": 1, "first_day": 7, "last_day": 18}')


@pytest.fixture
def provider():
    with chat_server([FOUND]) as running:
        yield running


@pytest.fixture(params=["anthropic", "openai"])
def server(request, tmp_path, provider, monkeypatch):
    monkeypatch.setenv(f"{request.param.upper()}_API_KEY", "key")
    address = provider.address if request.param == "anthropic" else f"{provider.address}/v1"
    entry = {"target": f"{request.param}:some-model", "base_url": address}
    services = small_services(tmp_path, (), models={MODEL: entry})
    with served(lambda: bedrock_app(services)) as running:
        yield running
        running.call(services.models._adapters.close())


@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_the_program_prints_the_numbers_of_the_notice(server, provider, options):
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    command = [sys.executable, str(EXAMPLE), MODEL, *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Booth 1 is closed from day 7 to day 18.\n"
    sent = str(provider.requests[0])
    assert "iVBORw0KGgo" in sent  # the picture
    assert "'type': 'integer'" in sent  # the tool's schema
    assert "Take numbers from it" in sent


def test_text_is_told_piece_by_piece_and_kept_whole(server, provider):
    provider.pieces = ["Twenty", "-eight."]
    ask = runpy.run_path(str(EXAMPLE))["ask"]
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    told = []
    asked = [{"role": "user", "content": "How many?"}]
    reply = ask(client, MODEL, asked, stream=True, on_text=told.append)
    client.close()
    assert [piece for piece in told if piece] == ["Twenty", "-eight."]
    assert reply["content"] == [{"type": "text", "text": "Twenty-eight."}]
    assert reply["stop_reason"] == "end_turn"
    assert reply["usage"]["output_tokens"] == 7
