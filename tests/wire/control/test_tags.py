"""Tags by an unmodified boto3 client."""

from __future__ import annotations

import pytest


@pytest.fixture
def arn(make):
    return make.base()["knowledgeBaseArn"]


def test_tags_are_added_changed_and_removed(agent, arn):
    agent.tag_resource(resourceArn=arn, tags={"team": "plant", "stage": "test"})
    agent.tag_resource(resourceArn=arn, tags={"stage": "production", "a:b/c": ""})
    agent.untag_resource(resourceArn=arn, tagKeys=["team", "unknown"])
    tags = agent.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"stage": "production", "a:b/c": ""}


def test_one_that_was_never_tagged_has_none(agent, arn):
    assert agent.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_a_resource_that_is_not_there_is_not_found(agent, refused, arn):
    for wrong in (f"{arn[:-10]}NOSUCHBASE", arn.replace("knowledge-base", "agent")):
        code, status, _ = refused(agent.list_tags_for_resource, resourceArn=wrong)
        assert (code, status) == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize(
    ("tags", "complaint"),
    [
        ({"aws:team": "plant"}, "reserved"),
        ({f"key-{number}": "x" for number in range(51)}, "at most 50 tags"),
        ({"team": "a\tb€"}, "must match the pattern"),
    ],
)
def test_tags_that_no_resource_may_have_are_refused(agent, make, refused, arn, tags, complaint):
    code, _, message = refused(agent.tag_resource, resourceArn=arn, tags=tags)
    assert code == "ValidationException"
    assert complaint in message
    assert refused(make.base, name="another", tags=tags)[0] == "ValidationException"
