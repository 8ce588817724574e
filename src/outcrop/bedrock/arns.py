"""The ARNs of resources: their kind and id, in a region and an account that stand for this server."""

from __future__ import annotations

REGION, ACCOUNT = "us-east-1", "000000000000"  # a client may sign for any region
ROLE = f"arn:aws:iam::{ACCOUNT}:role/outcrop"  # of what was not made through this surface: Outcrop has no roles


def arn(kind: str, id: str) -> str:
    """The ARN of a resource, such as a `knowledge-base`."""
    return f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{kind}/{id}"


def model_arn(id: str) -> str:
    """The ARN of a model."""
    return f"arn:aws:bedrock:{REGION}::foundation-model/{id}"


def resource_of(arn: str) -> str:
    """The kind and id that an ARN ends with, as in `knowledge-base/ABCDEFGHIJ`."""
    return arn.partition(":bedrock:")[2].split(":", 2)[-1]
