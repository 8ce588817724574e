"""What becomes of OpenAPI documents: an operation each, its references resolved, and nothing that never ends."""

from __future__ import annotations

import json

import pytest

from outcrop.adapters.sources.openapi import open_source
from outcrop.adapters.sources.operations import read_operations
from outcrop.core.errors import Invalid, Unavailable, Unreadable
from outcrop.core.settings import Settings
from outcrop.testing.site_server import Page, site_served
from outcrop.testing.sources import listed

PETS = """
openapi: 3.1.0
info: {title: Pet shop, version: "2", description: Sells pets.}
servers: [{url: https://pets.test/v2}]
security: [{key: []}]
paths:
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, description: Which pet., schema: {type: integer, format: int64}}
    get:
      operationId: getPet
      summary: One pet.
      tags: [pets]
      parameters:
        - $ref: "#/components/parameters/Verbose"
      responses:
        "200":
          description: The pet.
          content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}
        default: {$ref: "#/components/responses/Problem"}
    delete: {deprecated: true, responses: {"204": {description: Gone.}}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  parameters:
    Verbose: {name: verbose, in: query, schema: {type: boolean, default: false}}
  responses:
    Problem: {description: It failed.}
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string, description: What it is called.}
        kind: {type: string, enum: [cat, dog]}
        parents: {type: array, items: {$ref: "#/components/schemas/Pet"}}
        owner: {anyOf: [{$ref: "#/components/schemas/Person"}, {type: "null"}]}
    Person: {type: object, properties: {pets: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}
"""
SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Old", "version": "1"},
    "host": "old.test",
    "basePath": "/api",
    "paths": {
        "/things": {
            "post": {
                "parameters": [
                    {"name": "thing", "in": "body", "required": True, "schema": {"$ref": "#/definitions/T"}}
                ],
                "responses": {"200": {"description": "Made.", "schema": {"$ref": "#/definitions/T"}}},
            }
        }
    },
    "definitions": {"T": {"type": "object", "properties": {"size": {"type": "number", "description": "In metres."}}}},
}


def test_an_operation_says_all_that_is_known_of_it():
    overview, get, delete = read_operations(PETS.encode())
    assert "Sells pets." in overview.text
    assert "key: apiKey header X-Key." in overview.text
    for line in (
        "# GET /pets/{id}",
        "One pet.",
        "Authentication: key",
        "- `id` (path, required, integer int64): Which pet.",
        "- `verbose` (query, boolean default false)",
        "200: The pet.",
        "default: It failed.",
        "- `name` (string, required): What it is called.",
        "- `kind` (string one of cat, dog)",
        "- `parents` (array of Pet)",
        "  - (as Pet above)",
    ):
        assert line in get.text.splitlines(), line
    assert (get.method, get.path, get.pointer) == ("GET", "/pets/{id}", "/paths/~1pets~1{id}/get")
    assert get.metadata["operation_id"] == "getPet"
    assert get.metadata["tags"] == ["pets"]
    assert delete.metadata["deprecated"] is True
    assert "- `id` (path" in delete.text


def test_version_2_has_bodies_among_its_parameters():
    _, post = read_operations(json.dumps(SWAGGER).encode())
    assert "- `thing` (body, required, object T)" in post.text
    assert post.text.count("- `size` (number): In metres.") == 2


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        {"A": {"properties": {str(n): {"$ref": "#/components/schemas/B"} for n in range(50)}},
         "B": {"properties": {str(n): {"$ref": "#/components/schemas/C"} for n in range(50)}},
         "C": {"properties": {str(n): {"type": "string"} for n in range(50)}}},
        {"A": {"$ref": "file:///etc/passwd"}},
        {"A": {"$ref": "#/nowhere"}},
        {"A": {"properties": 5, "allOf": "x", "required": {}}},
    ],
)  # fmt: skip
def test_schemas_without_end_end(schemas):
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
    paths = {"/a": {"get": {"responses": {"200": {"description": "x", "content": content}}}}}
    document = {"openapi": "3.0.0", "info": {}, "paths": paths, "components": {"schemas": schemas}}
    (_, operation) = read_operations(json.dumps(document).encode())
    assert len(operation.text.splitlines()) < 500


def test_aliases_of_yaml_cannot_explode():
    bomb = "a: &a {x: 1}\n" + "".join(
        f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}' if n else '*a'] * 20)}]}}\n" for n in range(9)
    )
    with pytest.raises(Unreadable, match="copy too much"):
        read_operations(f"openapi: 3.0.0\n{bomb}paths: {{<<: *b8}}".encode())
    loop = "openapi: 3.0.0\ninfo: {}\npaths: {/a: {get: {requestBody: {content: {x: {schema: &s {allOf: [*s, *s]}}}}}}}"
    assert len(read_operations(loop.encode())) == 2


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"openapi: 3", b"swagger: '1.2'", b"\xff\xfe", b"{" * 9999])
def test_what_is_no_openapi_document_is_told(data):
    with pytest.raises(Unreadable):
        read_operations(data)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "api.yaml"
    path.write_text(PETS)
    return path


async def test_every_operation_is_a_document_that_changes_alone(file, tmp_path):
    source = open_source({"file": str(file)}, Settings(data=tmp_path))
    before = {item.name: item for item in await listed(source)}
    assert list(before) == ["api.md", "GET /pets/{id}.md", "DELETE /pets/{id}.md"]
    item = before["GET /pets/{id}.md"]
    assert item.uri == f"{file.as_uri()}#/paths/~1pets~1%7Bid%7D/get"
    assert (await source.fetch(item)).read().startswith(b"# GET /pets/{id}\n")
    assert b"getPet" in (await open_source({"file": str(file)}, Settings(data=tmp_path)).fetch(item)).read()
    file.write_text(PETS.replace("One pet.", "A single pet."))
    after = {item.name: item for item in await listed(source)}
    assert [name for name in before if before[name].version != after[name].version] == ["GET /pets/{id}.md"]


async def test_a_document_comes_from_the_web_too(tmp_path):
    with site_served() as site:
        site["/openapi.json"] = Page(json.dumps(SWAGGER).encode())
        settings = Settings(data=tmp_path, private_hosts=("127.0.0.1",))
        given = {"url": f"{site.address}/openapi.json", "exclude": ["api"]}
        assert [item.name for item in await listed(open_source(given, settings))] == ["POST /things.md"]
        with pytest.raises(Unavailable, match="private or reserved"):
            await listed(open_source(given, Settings(data=tmp_path)))
        site.clear()
        with pytest.raises(Unavailable, match=r"HTTP 404\. Nothing was changed"):
            await listed(open_source(given, settings))


@pytest.mark.parametrize(
    "given", [{}, {"file": "a.yaml"}, {"file": "/a", "url": "https://a.test"}, {"url": "ftp://a.test"}]
)
def test_a_configuration_that_is_wrong_is_refused(given, tmp_path):
    with pytest.raises(Invalid):
        open_source(given, Settings(data=tmp_path))
