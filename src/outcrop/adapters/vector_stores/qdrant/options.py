"""The keys of a table of the kind `qdrant`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from outcrop.core.stores import VARIABLE, StoreOptions


class QdrantOptions(StoreOptions):
    """A server, by `url` or `url_variable`, or a folder of this machine in Qdrant's local mode."""

    path: Path | None = Field(None, description="A folder of this machine: local mode, for one process and few chunks.")
    key_variable: str | None = Field(None, pattern=VARIABLE, description="The variable that holds the API key.")
    prefix: str = Field("outcrop-", pattern=r"^[A-Za-z0-9_-]{0,50}$", description="Before the names of collections.")
    grpc_port: int | None = Field(None, ge=1, le=65535, description="Where gRPC is spoken; REST alone when left out.")
    ef_search: int = Field(200, ge=10, le=4096, description="How many candidates an HNSW search keeps.")
    connections: int = Field(8, ge=1, le=64, description="The most requests at once.")
    shards: int = Field(1, ge=1, le=1000, description="Shards of new collections.")
    replicas: int = Field(1, ge=1, le=32, description="Replicas of new collections; each write waits for all of them.")

    @model_validator(mode="after")
    def _one_place(self) -> QdrantOptions:
        """Refuse a folder together with an address."""
        given = [self.path, self.url, self.url_variable]
        if sum(one is not None for one in given) != 1:
            raise ValueError("set one of url, url_variable and path")
        return self
