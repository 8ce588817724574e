"""A server on loopback, and real, unmodified clients of it, each of whose replies is judged by the oracle."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from tests.wire import oracle

from outcrop.bedrock.app import bedrock_app
from outcrop.testing.serving import served
from outcrop.testing.small import KEY_ID, SECRET


@pytest.fixture
def server(services):
    with served(lambda: bedrock_app(services)) as running:
        yield running


@pytest.fixture
def client(server):
    """Makes clients of the server; options are boto3's."""
    made = []

    def make(service, **options):
        one = boto3.client(
            service,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=20),
            **{
                "endpoint_url": server.url,
                "region_name": "eu-central-1",
                "aws_access_key_id": KEY_ID,
                "aws_secret_access_key": SECRET,
                **options,
            },
        )
        made.append(one)
        return oracle.attach(one)

    yield make
    for one in made:
        one.close()
