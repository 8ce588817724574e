"""Service models are read from botocore once, and kept without their documentation."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from outcrop.bedrock import model_files, spec

MODEL = {
    "documentation": "long",
    "shapes": {"A": {"type": "structure", "members": {"documentation": {"shape": "B", "documentation": "x"}}}},
}
KEPT = {"shapes": {"A": {"type": "structure", "members": {"documentation": {"shape": "B"}}}}}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "bedrock" / "2023-04-20" / "service-2.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(json.dumps(MODEL).encode()))
    return path


def test_documentation_is_left_out_and_members_of_that_name_are_not(source, tmp_path):
    assert model_files.read(source, tmp_path / "kept") == KEPT


def test_what_was_kept_is_read_instead(source, tmp_path):
    model_files.read(source, tmp_path / "kept")
    [kept] = (tmp_path / "kept").iterdir()
    kept.write_text('{"kept": true}')
    assert model_files.read(source, tmp_path / "kept") == {"kept": True}


def test_another_botocore_is_read_anew(source, tmp_path):
    model_files.read(source, tmp_path / "kept")
    source.write_bytes(gzip.compress(json.dumps({"shapes": {}}).encode()))
    os.utime(source, (1, 1))
    assert model_files.read(source, tmp_path / "kept") == {"shapes": {}}


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff"])
def test_a_kept_file_that_is_damaged_is_made_anew(source, tmp_path, damage):
    model_files.read(source, tmp_path / "kept")
    [kept] = (tmp_path / "kept").iterdir()
    kept.write_bytes(damage)
    assert model_files.read(source, tmp_path / "kept") == KEPT
    assert json.loads(kept.read_bytes()) == KEPT


def test_nothing_is_kept_where_nothing_can_be_written(source, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert model_files.read(source, tmp_path / "file" / "below") == KEPT


@pytest.mark.parametrize("name", spec.SERVICES)
def test_a_model_says_the_same_without_documentation(name, tmp_path):
    [path] = [*max((model_files.folder() / name).iterdir()).glob("service-2.json*")]
    data = path.read_bytes()
    whole = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    read = model_files.read(path, tmp_path)
    assert read["shapes"].keys() == whole["shapes"].keys()
    for shape, traits in whole["shapes"].items():
        assert read["shapes"][shape].get("members", {}).keys() == traits.get("members", {}).keys()
        for trait in traits.keys() - {"documentation", "members", "member", "key", "value"}:
            assert read["shapes"][shape][trait] == traits[trait]
