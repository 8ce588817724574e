"""Every source passes the same suite."""

from __future__ import annotations

import json
import shutil

import pytest

from outcrop.adapters.sources.folder import open_source
from outcrop.testing.sources import SourceContract


class Folder:
    def __init__(self, path):
        self.path = path

    def write(self, name, data, metadata=None):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if metadata is not None:
            path.with_name(f"{path.name}.metadata.json").write_text(json.dumps({"metadataAttributes": metadata}))

    def remove(self, name):
        path = self.path / name
        path.unlink()
        path.with_name(f"{path.name}.metadata.json").unlink(missing_ok=True)

    def vanish(self):
        shutil.rmtree(self.path)


class TestFolder(SourceContract):
    @pytest.fixture
    def place(self, tmp_path):
        (tmp_path / "docs").mkdir()
        return Folder(tmp_path / "docs")

    @pytest.fixture
    def source(self, place):
        return open_source({"path": str(place.path)})


del SourceContract
