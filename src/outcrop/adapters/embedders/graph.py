"""The encoder of all-MiniLM-L6-v2 as an ONNX graph: from word embeddings to one unit vector a text.

The architecture is BERT's (Devlin et al. 2018, arXiv:1810.04805) with 6 layers of 12 heads; the vector is the mean
over all tokens, the special ones included. Texts in one batch have the same number of tokens, so that nothing is
padded and nothing masked. The keys' bias is left out: it adds the same to all scores of a query, which softmax ignores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.embedders import onnx_file
from outcrop.adapters.embedders.weights import Floats

LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12  # of layer normalisation, from the model's config.json
CONTRIB = "com.microsoft"  # onnxruntime's own operators (docs/ContribOperators.md in its repository)
OPSETS = (("", 23), (CONTRIB, 1))  # 23 is the first with Attention
IR_VERSION = 10
WORDS, VECTORS = "words", "vectors"  # the graph's input (texts, tokens, WIDTH) and output (texts, WIDTH)


@dataclass(frozen=True, slots=True)
class Affine:
    """x -> x @ weight + bias; `weight` has shape (inputs, outputs)."""

    weight: Floats
    bias: Floats | None = None


class GraphWriter:
    """Collects nodes and constants; names are given out in order."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant's name; one of the same name is kept once."""
        if name not in self._constants:
            self._constants[name] = onnx_file.tensor(name, value)
        return name

    def add(
        self, operator: str, *inputs: str, domain: str = "", output: str = "", **attributes: onnx_file.Attribute
    ) -> str:
        """A node; returns the name of its output."""
        output = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(onnx_file.node(operator, inputs, output, domain, attributes))
        return output

    def model(self, watched: Iterable[str] = ()) -> bytes:
        """The finished file; the values of the watched names are given out too, after the vectors."""
        outputs = [onnx_file.floats(VECTORS, ["texts", WIDTH]), *map(onnx_file.untyped, watched)]
        inputs = [onnx_file.floats(WORDS, ["texts", "tokens", WIDTH])]
        graph = onnx_file.graph("all-MiniLM-L6-v2", self._nodes, self._constants.values(), inputs, outputs)
        return onnx_file.model(graph, IR_VERSION, OPSETS)


class Linear(Protocol):
    """Writes a linear step: the same rows of shape (rows, inputs) through one or more maps."""

    def __call__(self, writer: GraphWriter, site: str, rows: str, maps: Sequence[Affine]) -> list[str]:
        """The outputs, one a map. `site` names the place in the model: a layer and one of qkv, out, up, down."""
        ...


def exact(writer: GraphWriter, site: str, rows: str, maps: Sequence[Affine]) -> list[str]:
    """The linear step in fp32."""
    outputs = []
    for number, each in enumerate(maps):
        product = writer.add("MatMul", rows, writer.constant(f"{site}.weight{number}", each.weight))
        outputs.append(biased(writer, f"{site}.bias{number}", product, each.bias))
    return outputs


def biased(writer: GraphWriter, name: str, rows: str, bias: Floats | None) -> str:
    """The rows plus a bias, where there is one."""
    return rows if bias is None else writer.add("Add", rows, writer.constant(name, bias))


def build_encoder(tensors: Mapping[str, Floats], linear: Linear = exact) -> GraphWriter:
    """The encoder whose linear steps are written by `linear`."""
    writer = GraphWriter()
    shape = writer.add("Shape", WORDS)
    flat = writer.constant("flat", np.array([-1, WIDTH], dtype=np.int64))
    rows = writer.add("Reshape", _positioned(writer, tensors), flat)
    for layer in range(LAYERS):
        rows = _Layer(writer, tensors, linear, layer).write(rows, shape, flat)
    texts = writer.add("Reshape", rows, shape)
    mean = writer.add("ReduceMean", texts, writer.constant("axis1", np.array([1], dtype=np.int64)), keepdims=0)
    writer.add("LpNormalization", mean, output=VECTORS, axis=-1, p=2)
    return writer


def _positioned(writer: GraphWriter, tensors: Mapping[str, Floats]) -> str:
    """Words plus the embedding of their position and of segment 0, normalised."""
    table = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    first, step = (writer.constant(f"int{n}", np.array([n], dtype=np.int64)) for n in (0, 1))
    length = writer.add("Shape", WORDS, start=1, end=2)
    positions = writer.add("Slice", writer.constant("positions", table[None]), first, length, step)
    return normalised(writer, tensors, "embeddings", (WORDS, positions))


def normalised(writer: GraphWriter, tensors: Mapping[str, Floats], place: str, summands: tuple[str, str]) -> str:
    """Layer normalisation of the sum of two inputs."""
    scale = writer.constant(f"{place}.scale", tensors[f"{place}.LayerNorm.weight"])
    shift = writer.constant(f"{place}.shift", tensors[f"{place}.LayerNorm.bias"])
    return writer.add("SkipLayerNormalization", *summands, scale, shift, domain=CONTRIB, epsilon=EPSILON)


class _Layer:
    """One layer: attention, then the feed-forward step, each added to its input and normalised."""

    def __init__(self, writer: GraphWriter, tensors: Mapping[str, Floats], linear: Linear, number: int) -> None:
        self._writer, self._tensors, self._linear = writer, tensors, linear
        self._site = f"layer{number}"
        self._place = f"encoder.layer.{number}"

    def write(self, rows: str, shape: str, flat: str) -> str:
        """The layer's output for `rows` of shape (tokens of all texts, WIDTH)."""
        attended = self._writer.add("Reshape", self._attend(rows, shape), flat)
        mixed = self._step("out", attended, self._map("attention.output.dense"))
        rows = normalised(self._writer, self._tensors, f"{self._place}.attention.output", (mixed, rows))
        active = self._writer.add("Gelu", self._step("up", rows, self._map("intermediate.dense")))
        narrow = self._step("down", active, self._map("output.dense"))
        return normalised(self._writer, self._tensors, f"{self._place}.output", (narrow, rows))

    def _step(self, kind: str, rows: str, only: Affine) -> str:
        [output] = self._linear(self._writer, f"{self._site}.{kind}", rows, [only])
        return output

    def _attend(self, rows: str, shape: str) -> str:
        query, key, value = (self._map(f"attention.self.{role}") for role in ("query", "key", "value"))
        maps = [query, Affine(key.weight), value]
        parts = self._linear(self._writer, f"{self._site}.qkv", rows, maps)
        texts = [self._writer.add("Reshape", part, shape) for part in parts]
        return self._writer.add("Attention", *texts, q_num_heads=HEADS, kv_num_heads=HEADS)

    def _map(self, name: str) -> Affine:
        weight, bias = (self._tensors[f"{self._place}.{name}.{part}"] for part in ("weight", "bias"))
        return Affine(weight.T, bias)
