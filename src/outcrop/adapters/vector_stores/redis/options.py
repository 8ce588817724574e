"""The keys of a table of the kind `redis`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from outcrop.core.stores import StoreOptions


class RedisOptions(StoreOptions):
    """How Redis is reached, and how vectors are found in it."""

    prefix: str = Field("outcrop", pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="What Outcrop's keys begin with.")
    dialect: Literal["auto", "vector_sets", "query_engine"] = Field(
        "auto", description="How vectors are searched; auto: by vector sets where the server has them."
    )
    index: Literal["hnsw", "flat"] = Field(
        "hnsw", description="A graph, or a look at every vector: exact, and slower with each."
    )
    quantization: Literal["int8", "none"] = Field(
        "int8", description="What a vector set's graph holds; the best found are scored with the exact numbers anyway."
    )
    ef_search: int = Field(200, ge=10, le=10_000, description="How many candidates a search of the graph keeps.")
    connections: int = Field(16, ge=1, le=1000, description="The most connections that one process opens.")
