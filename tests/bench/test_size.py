"""The installed size is that of the packages that are needed, each once."""

from __future__ import annotations

from importlib.metadata import distribution

from bench import size


def test_the_closure_has_what_the_dependencies_need():
    found = size.closure("pydantic-settings", frozenset())
    assert {"pydantic-settings", "pydantic", "pydantic-core", "python-dotenv"} <= found.keys()


def test_an_extra_adds_its_requirements():
    without, with_extra = (size.closure("pydantic-ai-slim", frozenset(extras)) for extras in ([], ["openai"]))
    assert "openai" not in without
    assert "openai" in with_extra


def test_the_size_of_a_package_is_that_of_its_files():
    assert 0.5 < size.megabytes(distribution("numpy")) - size.megabytes(distribution("typer")) < 500
