"""The ONNX files that are written are those that the onnx package would write."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from outcrop.adapters.embedders import onnx_file


@pytest.mark.parametrize("kind", sorted(onnx_file.TYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_a_tensor_is_read_back_as_it_was(kind, shape):
    value = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)
    read = onnx.TensorProto.FromString(onnx_file.tensor("weights", value))
    assert read.name == "weights"
    found = numpy_helper.to_array(read)
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, value)


def test_a_number_that_onnx_would_have_to_guess_is_refused():
    with pytest.raises(KeyError):
        onnx_file.tensor("weights", np.array([1j]))


@given(whole=st.integers(-(2**63), 2**63 - 1), real=st.floats(width=32, allow_nan=False))
def test_a_node_is_the_one_that_onnx_makes(whole, real):
    written = onnx_file.node("Op", ["a", "b"], "c", "com.example", {"axis": whole, "epsilon": real})
    wanted = helper.make_node("Op", ["a", "b"], ["c"], name="c", domain="com.example", axis=whole, epsilon=real)
    assert onnx.NodeProto.FromString(written) == wanted


def test_a_whole_model_is_valid_and_has_what_was_written():
    nodes = [onnx_file.node("Add", ["words", "one"], "sum", "", {})]
    graph = onnx_file.graph(
        "plus",
        nodes,
        [onnx_file.tensor("one", np.ones(3, dtype=np.float32))],
        [onnx_file.floats("words", ["texts", 3])],
        [onnx_file.floats("sum", ["texts", 3]), onnx_file.untyped("one")],
    )
    read = onnx.ModelProto.FromString(onnx_file.model(graph, 10, [("", 21)]))
    assert [(one.domain, one.version) for one in read.opset_import] == [("", 21)]
    assert [one.name for one in read.graph.output] == ["sum", "one"]
    del read.graph.output[1]  # the checker wants its type
    onnx.checker.check_model(read, full_check=True)
