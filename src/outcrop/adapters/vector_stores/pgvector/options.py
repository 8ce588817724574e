"""The keys of a table of the kind `pgvector`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from outcrop.core.stores import StoreOptions


class PgvectorOptions(StoreOptions):
    """How PostgreSQL is reached, and how vectors are found in it."""

    schema_name: str = Field(
        "outcrop", alias="schema", pattern=r"^[a-z_][a-z0-9_]{0,50}$", description="Where Outcrop's tables are made."
    )
    index: Literal["hnsw", "ivfflat", "exact"] = Field("hnsw", description="How the nearest vectors are found.")
    index_from: int = Field(
        5000, ge=100, description="Up to how many vectors every one is looked at, before an index of vectors is made."
    )
    half: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether the index of vectors holds 16-bit numbers; auto: beyond 2,000 dimensions, which need it.",
    )
    ef_search: int = Field(200, ge=10, le=1000, description="How many candidates an HNSW search keeps.")
    connections: int = Field(8, ge=1, le=100, description="The most connections that one process opens.")
    connect_timeout: float = Field(10.0, gt=0, le=300, description="Seconds to wait for a connection.")
