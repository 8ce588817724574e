"""Where settings come from, and what is said of those that are wrong."""

from __future__ import annotations

import pytest

from outcrop.core.errors import Invalid
from outcrop.core.settings import load_settings

TABLE = '[models."anthropic.claude-sonnet-4-20250514-v1:0"]\ntarget = "openai:gpt-5-mini"\n'


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUTCROP_CONFIG", raising=False)
    return tmp_path


def test_a_file_of_another_name_may_be_given(here, monkeypatch):
    (here / "other.toml").write_text(f"port = 1234\n{TABLE}", encoding="utf-8")
    assert load_settings(config=here / "other.toml").port == 1234
    monkeypatch.setenv("OUTCROP_CONFIG", "other.toml")
    assert load_settings().models["anthropic.claude-sonnet-4-20250514-v1:0"].target == "openai:gpt-5-mini"


def test_a_file_that_is_named_must_be_there():
    with pytest.raises(Invalid, match=r"no file of settings nowhere\.toml"):
        load_settings(config="nowhere.toml")


def test_a_file_that_is_no_toml_is_said(here):
    (here / "outcrop.toml").write_text("port = = 1", encoding="utf-8")
    with pytest.raises(Invalid, match="not TOML"):
        load_settings()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("timeout = -1", r'\[models\."anthropic.*"\] timeout: Input should be greater than 0\.'),
        ('flavour = "sweet"', r'\[models\."anthropic.*"\] flavour: Extra inputs are not permitted\.'),
        ('base_url = "ftp://x"', r'\[models\."anthropic.*"\] base_url: '),
        ('kind = "rerank"\ntools = true', r'\[models\."anthropic.*"\]: a model for rerank has no tools\.'),
        ('kind = "embedding"\nfallbacks = ["a.b"]', "a model for embedding has no fallbacks"),
        ("dimensions = 7", "a model for chat has no dimensions"),
        ('inputs = ["smell"]', r'\[models\."anthropic.*"\] inputs 0: '),
    ],
)
def test_a_wrong_key_of_a_table_is_named_with_the_table(here, line, words):
    (here / "outcrop.toml").write_text(f"{TABLE}{line}\n", encoding="utf-8")
    with pytest.raises(Invalid, match=words):
        load_settings()


def test_several_wrong_settings_are_all_named(here):
    (here / "outcrop.toml").write_text(f'port = "high"\nthreads = -1\n{TABLE}', encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load_settings()
    assert "The setting port:" in caught.value.message
    assert "The setting threads:" in caught.value.message
