"""Paths lead to operations: raw, exact, literals first."""

from __future__ import annotations

import pytest

from outcrop.bedrock import route, spec


def name_of(method, path):
    found = route.find(method, path)
    return found and found.operation.name


@pytest.mark.parametrize("service", spec.SERVICES)
def test_every_operation_is_found_by_its_own_path(service):
    shared = {"TagResource", "UntagResource", "ListTagsForResource"}
    for operation in spec.service(service).operations.values():
        path = "/".join("a%2Fb%3Ac" if part.startswith("{") else part for part in operation.path.split("/"))
        found = route.find(operation.method, path)
        assert found.operation.name == operation.name
        assert found.operation.service.name == service or operation.name in shared
        assert set(found.labels.values()) <= {"a/b:c"}
        prefixed = route.find(operation.method, f"/{service}{path}")
        assert prefixed.operation is operation


def test_two_hundred_and_forty_operations_are_known():
    assert sum(len(spec.service(name).operations) for name in spec.SERVICES) >= 240


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/agents/A/", "PrepareAgent"),
        ("POST", "/agents/A", "InvokeInlineAgent"),
        ("POST", "/flows/validate-definition", "ValidateFlowDefinition"),
        ("POST", "/knowledgebases/arn%3Aaws%3Abedrock%3Aeu%3A1%3Aknowledge-base%2FX/retrieve", "Retrieve"),
        ("GET", "/knowledgebases/X/retrieve", None),
        ("POST", "/knowledgebases/X/retrieve/", None),
        ("POST", "/knowledgebases//retrieve", None),
        ("POST", "//knowledgebases/X/retrieve", None),
        ("POST", "/knowledgebases/../retrieve", None),
        ("POST", "/knowledgebases/%FF/retrieve", None),
        ("POST", "/knowledgebases/a/b/retrieve", None),
        ("POST", "/" * 500, None),
        ("POST", "", None),
        ("POST", "/bedrock-agent-runtime", None),
    ],
)
def test_paths_are_exact(method, path, name):
    assert name_of(method, path) == name
