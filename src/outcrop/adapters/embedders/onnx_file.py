"""Writes ONNX files: the few messages of onnx.proto that a graph of nodes and constants needs.

The format is protocol buffers (https://protobuf.dev/programming-guides/encoding/); the numbers of fields and types are
those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. The onnx package does the same, with 26 MB of what a
server never uses; the tests read what is written here with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import pack

import numpy as np
from numpy.typing import NDArray

Attribute = int | float
VARINT, LENGTH, FIXED32 = 0, 2, 5  # wire types
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7}  # TensorProto.DataType
FLOAT, INT = 1, 2  # AttributeProto.AttributeType


def node(operator: str, inputs: Sequence[str], output: str, domain: str, attributes: Mapping[str, Attribute]) -> bytes:
    """A NodeProto with one output, which it is named after."""
    given = [_field(5, _attribute(name, value)) for name, value in sorted(attributes.items())]
    names = [_text(1, name) for name in inputs]
    return b"".join([*names, _text(2, output), _text(3, output), _text(4, operator), *given, _text(7, domain)])


def tensor(name: str, value: NDArray[np.generic]) -> bytes:
    """A TensorProto. Raises KeyError for a type of number that no constant of ours has."""
    data = np.ascontiguousarray(value)
    kind = _number(2, TYPES[data.dtype.name])
    little = data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()
    return b"".join([*(_number(1, size) for size in value.shape), kind, _text(8, name), _field(9, little)])


def floats(name: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto of 32-bit numbers; a size that is not fixed has a name."""
    sizes = [_field(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape]
    kind = _number(1, TYPES["float32"]) + _field(2, b"".join(sizes))
    return _text(1, name) + _field(2, _field(1, kind))


def untyped(name: str) -> bytes:
    """A ValueInfoProto whose type is left to be found out."""
    return _text(1, name)


def graph(
    name: str, nodes: Iterable[bytes], constants: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]
) -> bytes:
    """A GraphProto."""
    members = [(1, nodes), (5, constants), (11, inputs), (12, outputs)]
    return b"".join([_text(2, name), *(_field(number, one) for number, some in members for one in some)])


def model(contents: bytes, version: int, opsets: Iterable[tuple[str, int]]) -> bytes:
    """A ModelProto: the whole file, of this version of the format, with the sets of operators that it uses."""
    used = [_field(8, _text(1, domain) + _number(2, opset)) for domain, opset in opsets]
    return b"".join([_number(1, version), _text(2, "outcrop"), _field(7, contents), *used])


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, INT)
    return _text(1, name) + _varint(2 << 3 | FIXED32) + pack("<f", value) + _number(20, FLOAT)


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, data: bytes) -> bytes:
    return b"".join([_varint(number << 3 | LENGTH), _varint(len(data)), data])


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | VARINT) + _varint(value % 2**64)  # negative numbers as two's complement


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last byte have the eighth set."""
    data = bytearray()
    while value >= 1 << 7:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)
