"""Ids, errors and chains of steps."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.errors import IndexMissing, NotFound, Unreadable
from outcrop.core.ids import ALPHABET, derived_id, new_id
from outcrop.core.steps import Step, Trace, run_steps


def test_resource_ids_have_bedrocks_form():
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 10 and set(one) <= set(ALPHABET) for one in made)


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_derived_ids_are_equal_only_for_equal_parts(left, right):
    assert (derived_id(*left) == derived_id(*right)) == (left == right)


def test_the_docstring_of_an_error_is_its_message():
    assert IndexMissing().message.startswith("The vector index does not exist.")
    assert NotFound("No such key.").message == "No such key."
    assert IndexMissing.kind == "not_found"


def test_a_reason_survives_the_way_from_a_worker():
    error = pickle.loads(pickle.dumps(Unreadable("encrypted", "A password is needed.")))  # noqa: S301 # our own bytes
    assert (error.reason, error.message) == ("encrypted", "A password is needed.")


async def test_a_chain_runs_in_order_and_notes_each_step():
    async def add(state: int, deps: int, trace: Trace) -> int:
        trace.note(added=deps)
        return state + deps

    trace = Trace()
    assert await run_steps([Step("first", add), Step("second", add)], 1, 2, trace) == 5
    assert [(span.name, dict(span.details)) for span in trace.spans] == [
        ("first", {"added": 2}),
        ("second", {"added": 2}),
    ]


async def test_a_step_that_fails_ends_the_chain_and_has_its_span():
    async def fail(state: int, deps: None, trace: Trace) -> int:
        raise NotFound

    trace = Trace()
    with pytest.raises(NotFound):
        await run_steps([Step("fails", fail), Step("never", fail)], 1, None, trace)
    assert [span.name for span in trace.spans] == ["fails"]


def test_importing_outcrop_loads_no_heavy_library():
    heavy = ("numpy", "onnxruntime", "pydantic", "sqlalchemy")
    code = f"import sys, outcrop; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
