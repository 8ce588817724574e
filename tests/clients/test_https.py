"""Clients over HTTPS, with the certificate that the server made, and with a bearer token in the place of keys."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.clients.conftest import Python, documented, node_on, opened

CONVERSE = """
import boto3
models = boto3.client("bedrock-runtime")
messages = [{"role": "user", "content": [{"text": "When?"}]}]
stream = models.converse_stream(modelId="openai.gpt-5-mini", messages=messages)["stream"]
print("".join(event["contentBlockDelta"]["delta"]["text"] for event in stream if "contentBlockDelta" in event))
"""


@pytest.fixture(scope="module")
def secure(tmp_path_factory, serve):
    with opened(tmp_path_factory.mktemp("secure"), serve, OUTCROP_TLS="true") as running:
        yield running


def with_token(place, token):
    keyless = {name: value for name, value in place.variables.items() if "_KEY" not in name}
    return Python(replace(place, variables={**keyless, "AWS_BEARER_TOKEN_BEDROCK": token}), Path(sys.prefix))


def test_boto3_trusts_the_certificate_that_the_server_names(secure):
    assert secure.address.startswith("https://")
    printed = Python(secure, Path(sys.prefix)).run(documented("boto3", "python"))
    assert printed.endswith("The answer is seven.")


def test_javascript_trusts_it_and_streams(secure):
    own = replace(secure, variables={**secure.variables, "NODE_EXTRA_CA_CERTS": secure.variables["AWS_CA_BUNDLE"]})
    assert node_on(own)(documented("JavaScript", "js")).endswith("The answer is seven.")


def test_a_bearer_token_stands_for_the_keys(secure):
    token = f"{secure.variables['AWS_ACCESS_KEY_ID']}.{secure.variables['AWS_SECRET_ACCESS_KEY']}"
    assert with_token(secure, token).run(CONVERSE) == "The answer is seven.\n"


def test_a_wrong_bearer_token_is_refused(secure):
    with pytest.raises(AssertionError, match="AccessDeniedException"):
        with_token(secure, f"{secure.variables['AWS_ACCESS_KEY_ID']}.wrong").run(CONVERSE)
