"""The requests of vector stores (https://platform.openai.com/docs/api-reference/vector-stores)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from outcrop.core import filters
from outcrop.core.filters import AllOf, AnyOf, Compare, Filter, Operator
from outcrop.core.records import Chunking
from outcrop.openai.chat_shapes import Labels, text_or_parts
from outcrop.openai.errors import ApiError
from outcrop.openai.parse import Refusals, Shape, parsed

MAX_IDS = 500  # files that are attached at once
MAX_QUERIES = 10
MAX_RESULTS = 50
MAX_QUESTION = 20_000  # characters
DEFAULT_RESULTS = 10
EXPIRY: Refusals = {"expires_after": ((), "A vector store stays until it is deleted.")}

Name = Annotated[str, Field(min_length=1, max_length=256)]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Value = Annotated[str, Field(max_length=512)] | bool | int | float
Attributes = Annotated[dict[Annotated[str, Field(min_length=1, max_length=64)], Value], Field(max_length=16)]


class AutoChunking(Shape):
    """Outcrop's own: whole sentences under their headings, up to 300 tokens."""

    type: Literal["auto"]


class StaticSizes(Shape):
    """Sizes in tokens of the embedding model."""

    max_chunk_size_tokens: Annotated[int, Field(ge=100, le=4096)]
    chunk_overlap_tokens: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _bounded(self) -> StaticSizes:
        if self.chunk_overlap_tokens * 2 > self.max_chunk_size_tokens:
            raise ValueError("chunk_overlap_tokens must not exceed half of max_chunk_size_tokens")
        return self


class StaticChunking(Shape):
    """Chunks of one size that overlap."""

    type: Literal["static"]
    static: StaticSizes


ChunkingIn = Annotated[AutoChunking | StaticChunking, Field(discriminator="type")]


class StoreIn(Shape):
    """A vector store that is to be made."""

    name: Name | None = None
    description: str | None = None
    file_ids: Annotated[list[Id], Field(max_length=MAX_IDS)] = Field(default_factory=list)
    chunking_strategy: ChunkingIn | None = None
    metadata: Labels | None = None


class StoreChange(Shape):
    """What is to be changed of a vector store; what is left out, or null, stays."""

    name: Name | None = None
    metadata: Labels | None = None


class AttachIn(Shape):
    """A file that is to be attached."""

    file_id: Id
    attributes: Attributes | None = None
    chunking_strategy: ChunkingIn | None = None


class AttachmentChange(Shape):
    """The attributes that a file is to have instead."""

    attributes: Attributes | None


class BatchIn(Shape):
    """Files that are to be attached at once: all alike, or each with attributes of its own."""

    file_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None
    files: Annotated[list[AttachIn], Field(min_length=1, max_length=MAX_IDS)] | None = None
    attributes: Attributes | None = None
    chunking_strategy: ChunkingIn | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> BatchIn:
        if (self.file_ids is None) == (self.files is None):
            raise ValueError("give either file_ids or files")
        return self

    def each(self) -> list[AttachIn]:
        """Every file with what is to be done with it."""
        if self.files is not None:
            return self.files
        return [
            AttachIn(file_id=one, attributes=self.attributes, chunking_strategy=self.chunking_strategy)
            for one in self.file_ids or ()
        ]


class Comparison(Shape):
    """One comparison of an attribute."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: Annotated[str, Field(min_length=1, max_length=200)]
    value: str | bool | int | float | list[str | int | float | bool]


class Compound(Shape):
    """Several filters."""

    type: Literal["and", "or"]
    filters: Annotated[list[Any], Field(min_length=1, max_length=100)]


class Ranking(Shape):
    """How results are ordered, and the least score of one that is given."""

    ranker: str | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1)] | None = None


Query = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]


class SearchIn(Shape):
    """A search."""

    query: Annotated[
        Annotated[Query, Tag("text")]
        | Annotated[list[Query], Field(min_length=1, max_length=MAX_QUERIES), Tag("parts")],
        Discriminator(text_or_parts),
    ]
    filters: dict[str, Any] | None = None
    max_num_results: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = DEFAULT_RESULTS
    ranking_options: Ranking = Ranking()
    rewrite_query: bool = False


OPERATORS: dict[str, Operator] = {
    "eq": "equals", "ne": "notEquals", "gt": "greaterThan", "gte": "greaterThanOrEquals",
    "lt": "lessThan", "lte": "lessThanOrEquals", "in": "in", "nin": "notIn",
}  # fmt: skip


def chunking_of(given: AutoChunking | StaticChunking | None) -> Chunking:
    """How files are cut; an overlap in tokens becomes the nearest share of a chunk."""
    if not isinstance(given, StaticChunking):
        return Chunking()
    sizes = given.static
    share = round(100 * sizes.chunk_overlap_tokens / sizes.max_chunk_size_tokens)
    return Chunking(strategy="fixed", max_tokens=sizes.max_chunk_size_tokens, overlap_percentage=share)


def filter_of(given: dict[str, Any] | None, param: str = "filters") -> Filter | None:
    """The filter of a search. Raises ApiError where it is none, and Invalid where it is too large."""
    if given is None:
        return None
    made = _filter(given, param, 0)
    return filters.from_json(filters.to_json(made))  # whose bounds hold here too


def _filter(given: Any, param: str, depth: int) -> Filter:
    if not isinstance(given, dict) or depth > filters.MAX_DEPTH:
        raise ApiError("A filter is an object, nested at most 8 deep.", param=param)
    if given.get("type") not in ("and", "or"):
        one = parsed(Comparison, given, at=param)
        value = tuple(one.value) if isinstance(one.value, list) else one.value
        return Compare(OPERATORS[one.type], one.key, value)
    several = parsed(Compound, given, at=param)
    parts = tuple(_filter(part, f"{param}.filters[{i}]", depth + 1) for i, part in enumerate(several.filters))
    return AllOf(parts) if several.type == "and" else AnyOf(parts)
