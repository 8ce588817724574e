"""Fields of a model's own request that Converse lets through: `additionalModelRequestFields`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from outcrop.core.chat import ChatRequest
from outcrop.core.errors import Invalid


def with_fields(request: ChatRequest, fields: Any) -> ChatRequest:
    """The request with these fields: `top_k` (Nova: `inferenceConfig.topK`) is sampling, others go to the provider.

    Raises Invalid for what is no object, or a `top_k` that is no whole number.
    """
    if not isinstance(fields, Mapping):
        raise Invalid("additionalModelRequestFields must be an object.")
    rest, inner = dict(fields), fields.get("inferenceConfig")
    top_k = rest.pop("top_k", None)
    if isinstance(inner, Mapping) and inner.keys() <= {"topK", "top_k"}:  # Nova's own form
        del rest["inferenceConfig"]
        top_k = next(iter(inner.values()), top_k)
    if top_k is not None and (not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 0):
        raise Invalid("additionalModelRequestFields.top_k must be a whole number.")
    return replace(request, sampling=replace(request.sampling, top_k=top_k), extra=rest)
