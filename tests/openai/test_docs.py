"""The page on OpenAI's API: its examples run, and what it says is refused is what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.openai.conftest import script

from outcrop.core.chat import ToolUse
from outcrop.openai import chat_shapes, responses_shapes, store_shapes

PAGE = (Path(__file__).parents[2] / "docs" / "openai.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
REFUSED = {**chat_shapes.REFUSED, **responses_shapes.REFUSED, **store_shapes.EXPIRY}


def test_the_examples_run_as_they_stand(server, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", server.key)
    search = ToolUse(id="s", name="file_search", arguments={"queries": ["canteen opening hours"]})
    script(["Hello."], [search], ["It opens at noon [1]."])
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/openai.md", "exec"), names)  # noqa: S102 # our own page
    names["client"].close()
    said = capsys.readouterr().out
    for part in ("27 days of paid leave", "leave.md", "Anna Keller", "Hello.", "at noon [1]", "deck two", "2 384"):
        assert part in said


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_every_member_that_is_refused_is_listed(name):
    assert f"`{name}`" in PAGE.partition("## What is not supported")[2]
