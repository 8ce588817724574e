"""Every setting, once, with a sentence: from `OUTCROP_*` variables, then `outcrop.toml`, then the defaults here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from outcrop.core.cards import ModelKind
from outcrop.core.errors import Invalid
from outcrop.core.stores import EMBEDDED, StoreEntry

FILE = "outcrop.toml"


def default_data() -> Path:
    """The platform's place for the data of a program."""
    return user_data_path("outcrop", appauthor=False)


def default_models() -> Path:
    """The platform's place for what a program can make again."""
    return user_cache_path("outcrop", appauthor=False) / "models"


class CardEntry(BaseModel):
    """One table `[models."id"]`: what stands behind a model id, and how it is asked. Prices are of a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str = Field(pattern=r"^[a-z0-9-]+:\S+$", description="provider:name, such as openai:gpt-5-mini.")
    name: str | None = None
    provider: str | None = None
    kind: ModelKind = "chat"
    inputs: tuple[Literal["text", "image", "document"], ...] | None = None
    tools: bool | None = None
    context_window: int | None = Field(None, ge=1)
    max_output_tokens: int | None = Field(None, ge=1)
    dimensions: int | None = Field(None, ge=1, le=16384)
    input_price: float | None = Field(None, ge=0)
    output_price: float | None = Field(None, ge=0)
    fallbacks: tuple[str, ...] = ()
    timeout: float = Field(60.0, gt=0, le=3600)
    retries: int | None = Field(None, ge=0, le=10)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    concurrency: int | None = Field(None, ge=1)
    base_url: str | None = Field(None, pattern=r"^https?://")
    key_variable: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> CardEntry:
        """Refuse keys that would have no effect."""
        unfit = [name for name, kinds in _KINDS.items() if name in self.model_fields_set and self.kind not in kinds]
        if unfit:
            raise ValueError(f"a model for {self.kind} has no {', '.join(unfit)}")
        return self


# The kinds of models that a key of a table is for, where it is not for all. Vectors of two models cannot be compared:
# one for embedding has no other that stands in for it.
_KINDS: Mapping[str, frozenset[ModelKind]] = {
    "inputs": frozenset({"chat"}),
    "tools": frozenset({"chat"}),
    "max_output_tokens": frozenset({"chat"}),
    "output_price": frozenset({"chat"}),
    "input_price": frozenset({"chat"}),
    "dimensions": frozenset({"embedding"}),
    "fallbacks": frozenset({"chat", "rerank"}),
}


class Settings(BaseSettings):
    """How this Outcrop runs."""

    model_config = SettingsConfigDict(env_prefix="OUTCROP_", toml_file=FILE, extra="forbid")

    config: Path | None = Field(None, description="The file of settings; `outcrop.toml` here when left out.")
    data: Path = Field(default_factory=default_data, description="The directory that holds everything Outcrop keeps.")
    host: str = Field("127.0.0.1", description="The address that the server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="The port that the server listens on; 0 takes a free one.")
    database_url: str | None = Field(
        None,
        description="Where metadata is kept, as an SQLAlchemy address; SQLite below `data` when left out.",
    )
    model: str = Field(
        "extractive:sentences",
        description="The model that writes answers: extractive:sentences, or provider:name such as openai:gpt-5-mini.",
    )
    embedding_model: str = Field("local:all-MiniLM-L6-v2", description="The embedding model of new knowledge bases.")
    embedding_precision: Literal["auto", "int8", "fp32"] = Field(
        "auto", description="How the local model computes; auto takes int8 where the processor has VNNI."
    )
    model_folder: Path = Field(
        default_factory=default_models,
        description="The directory of models that are made ready once; all data directories share it.",
    )
    models: dict[str, CardEntry] = Field(
        default_factory=dict,
        description='The models that are offered besides, by id: tables `[models."id"]` of `outcrop.toml`.',
    )
    vector_store: str = Field(EMBEDDED, description="The vector store of new knowledge bases, by name.")
    vector_stores: dict[str, StoreEntry] = Field(
        default_factory=dict,
        description="The vector stores that are set up besides, by name: tables `[vector_stores.NAME]`.",
    )
    embedding_dimensions: int | None = Field(
        None, ge=1, le=16384, description="How long a remote model's vectors are; its usual length when left out."
    )
    embedding_base_url: str | None = Field(
        None, description="Where the embedding provider is reached; its own variable or address when left out."
    )
    threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Threads for embedding and processes for parsing; 0 takes one a processor.",
    )
    ocr: Literal["auto", "off"] = Field(
        "auto", description="Whether pages without a text layer are read by OCR where it is installed."
    )
    parse_memory_mb: int = Field(
        3072, ge=256, description="The address space that a parse process may take, in MiB; OCR needs about 2,000."
    )
    parse_seconds: int = Field(
        120, ge=1, description="How long the parsing of one document, or of one page of it, may take, in seconds."
    )
    max_file_mb: int = Field(200, ge=1, description="The largest file that is read, in MiB.")
    refusal: str = Field(
        "Not available: the documents do not contain an answer to this question.",
        min_length=1,
        description="What is answered where the evidence is too weak.",
    )
    answer_threshold: float | None = Field(
        None, ge=0, le=1, description="Least evidence for an answer; the calibrated value when left out."
    )
    context_tokens: int = Field(
        3000, ge=100, description="How many tokens of passages are given to the model that answers."
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Names, besides `host` and the loopback ones, under which browsers may open the page.",
    )
    s3_endpoint: str | None = Field(
        None,
        description="Where S3 is reached; the AWS SDK's own configuration (AWS_ENDPOINT_URL_S3 ...) when left out.",
    )
    source_folders: tuple[Path, ...] = Field(
        (),
        description="Folders that data sources made through the API may read, besides those added on this machine.",
    )
    auth: Literal["keys", "none"] = Field(
        "keys",
        description="Who is answered by Bedrock's API: whoever has an access key, or everybody on this machine alone.",
    )
    tls: bool = Field(
        default=False, description="Whether the server speaks HTTPS, with a certificate of its own if none is set."
    )
    tls_cert: Path | None = Field(None, description="The PEM file of the certificate, with those that signed it.")
    tls_key: Path | None = Field(None, description="The PEM file of the certificate's private key.")
    max_body_mb: int = Field(20, ge=1, description="The largest request body that is accepted, in MiB.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment, the environment before the file that `config` names."""
        named = init_settings().get("config") or env_settings().get("config")
        if named is not None and not Path(named).is_file():
            raise Invalid(f"There is no file of settings {named}.")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, named or FILE)


def load_settings(**given: Any) -> Settings:
    """The settings, where arguments win over the environment and the environment over the file.

    Raises Invalid, with a sentence for each setting that is wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Invalid("\n".join(_sentence(found["loc"], found["msg"]) for found in error.errors())) from None
    except TOMLDecodeError as error:
        raise Invalid(f"The file of settings is not TOML: {error}.") from error


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    """What is wrong with a setting: `[models."some.id"] timeout: ...` for one in a table."""
    if len(place) > 1 and place[0] in ("models", "vector_stores"):
        key = "".join(f" {one}" for one in place[2:])
        return f'[{place[0]}."{place[1]}"]{key}: {message.removeprefix("Value error, ")}.'
    return f"The setting {'.'.join(map(str, place))}: {message}."
