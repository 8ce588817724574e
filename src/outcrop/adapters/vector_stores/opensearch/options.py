"""The keys of a table of the kind `opensearch`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from outcrop.core.stores import VARIABLE, StoreOptions


class OpenSearchOptions(StoreOptions):
    """How OpenSearch is reached, and how vectors are found in it."""

    prefix: str = Field("outcrop", pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$", description="What its indexes begin with.")
    username: str | None = Field(None, description="Of basic authentication.")
    password_variable: str | None = Field(None, pattern=VARIABLE, description="The variable that holds the password.")
    aws: Literal["es", "aoss"] | None = Field(
        None, description="Sign requests for AWS: es is a managed domain, aoss is Serverless."
    )
    engine: Literal["auto", "lucene", "faiss"] = Field(
        "auto", description="What searches vectors; auto: faiss on Serverless, which has no other, else lucene."
    )
    shards: int = Field(1, ge=1, le=1024, description="Of an index; Serverless decides by itself.")
    replicas: int = Field(0, ge=0, le=10, description="Copies of each shard; Serverless decides by itself.")
    visible_within: float = Field(
        60.0, gt=0, le=600, description="Seconds to wait on Serverless until what was written is found."
    )
    serverless: bool = Field(
        default=False,
        description="A collection without ids of one's own, where writes are seen later; set by aws = aoss.",
    )

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if (self.username is None) != (self.password_variable is None):
            raise ValueError("username and password_variable belong together")
        if self.aws is not None and self.username is not None:
            raise ValueError("aws signs requests, so that username and password_variable have no use")
        return self

    @property
    def is_serverless(self) -> bool:
        """Whether documents have no ids of our own and are seen later than they are written."""
        return self.serverless or self.aws == "aoss"

    @property
    def searched_by(self) -> str:
        """The engine that is named in an index."""
        return ("faiss" if self.is_serverless else "lucene") if self.engine == "auto" else self.engine
