"""Every source passes the same suite."""

from __future__ import annotations

import json
import shutil
import uuid
from urllib.parse import quote

import pytest

from outcrop.adapters.sources.folder import open_source
from outcrop.adapters.sources.git import open_source as git_source
from outcrop.adapters.sources.s3 import open_source as s3_source
from outcrop.adapters.sources.web import open_source as web_source
from outcrop.core.settings import Settings
from outcrop.testing.repositories import Repository
from outcrop.testing.site_server import Page, site_served
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
    def source_with(self, place):
        return lambda **more: open_source({"path": str(place.path), **more})


class Bucket:
    def __init__(self, client, name):
        self.client, self.name = client, name
        client.create_bucket(Bucket=name)

    def write(self, name, data, metadata=None):
        self.client.put_object(Bucket=self.name, Key=name, Body=data)
        if metadata is not None:
            body = json.dumps({"metadataAttributes": metadata})
            self.client.put_object(Bucket=self.name, Key=f"{name}.metadata.json", Body=body)

    def remove(self, name):
        for key in (name, f"{name}.metadata.json"):
            self.client.delete_object(Bucket=self.name, Key=key)

    def vanish(self):
        for one in self.client.list_objects_v2(Bucket=self.name).get("Contents", ()):
            self.client.delete_object(Bucket=self.name, Key=one["Key"])
        self.client.delete_bucket(Bucket=self.name)


class TestS3(SourceContract):
    @pytest.fixture
    def place(self, s3):
        return Bucket(s3, f"docs-{uuid.uuid4().hex[:12]}")

    @pytest.fixture
    def source_with(self, place, s3_server, tmp_path):
        settings = Settings(data=tmp_path, s3_endpoint=s3_server)
        return lambda **more: s3_source({"bucket": place.name, **more}, settings)


class Site:
    def __init__(self, pages):
        self.pages = pages
        self._list()

    def write(self, name, data, metadata=None):
        self.pages[f"/{name}"] = Page(data)
        self._list()

    def remove(self, name):
        del self.pages[f"/{name}"]
        self._list()

    def vanish(self):
        self.pages.clear()

    def _list(self):
        self.pages.pop("/sitemap.xml", None)
        listed = "".join(f"<url><loc>{self.pages.address}{quote(path)}</loc></url>" for path in self.pages)
        self.pages["/sitemap.xml"] = Page(f"<urlset>{listed}</urlset>".encode())


class TestWeb(SourceContract):
    describes, keeps = False, True

    @pytest.fixture
    def place(self):
        with site_served() as pages:
            yield Site(pages)

    @pytest.fixture
    def source_with(self, place, tmp_path):
        settings = Settings(data=tmp_path, private_hosts=("127.0.0.1",))
        return lambda **more: web_source(
            {"sitemaps": [f"{place.pages.address}/sitemap.xml"], "delay": 0, **more}, settings
        )


class TestGit(SourceContract):
    keeps = True

    @pytest.fixture
    def place(self, tmp_path):
        return Repository(tmp_path / "repository")

    @pytest.fixture
    def source_with(self, place, tmp_path):
        settings = Settings(data=tmp_path / "data")
        return lambda **more: git_source({"path": str(place.path), **more}, settings)


del SourceContract
