"""Regular expressions that a configuration gives, matched in linear time: none can keep the server busy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outcrop.core.errors import Invalid

LONGEST = 1000


class Expressions:
    """Some expressions, as Rust's regex reads them (without look-around and back-references)."""

    def __init__(self, given: Sequence[str]) -> None:
        self._compiled = [_compiled(one) for one in given]

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def match(self, text: str) -> bool:
        """Whether one of them is found in a text."""
        return any(one.isinstance_python(text) for one in self._compiled)


def _compiled(text: str) -> Any:
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    if len(text) > LONGEST:
        raise Invalid(f"A filter has at most {LONGEST} characters.")
    try:
        return SchemaValidator(core_schema.str_schema(pattern=text))
    except SchemaError as error:
        raise Invalid(f"The filter {text!r:.100} cannot be read as a regular expression: {error!s:.200}") from error
