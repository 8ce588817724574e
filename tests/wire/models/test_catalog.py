"""An unmodified boto3 client lists models, and keeps inference profiles."""

from __future__ import annotations

import pytest

CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"
TITAN = "amazon.titan-embed-text-v2:0"
USER = {"role": "user", "content": [{"text": "How many?"}]}


def ids(reply):
    return [one["modelId"] for one in reply["modelSummaries"]]


def test_every_model_is_listed(bedrock):
    listed = {one["modelId"]: one for one in bedrock.list_foundation_models()["modelSummaries"]}
    assert {"outcrop.extractive-v1", "outcrop.default-v1", CLAUDE, TITAN} <= listed.keys()
    claude = listed[CLAUDE]
    assert claude["modelArn"].endswith(f"::foundation-model/{CLAUDE}")
    assert (claude["inputModalities"], claude["outputModalities"]) == (["TEXT", "IMAGE"], ["TEXT"])
    assert (claude["responseStreamingSupported"], claude["modelLifecycle"]) == (True, {"status": "ACTIVE"})
    assert listed[TITAN]["responseStreamingSupported"] is False


@pytest.mark.parametrize(
    ("given", "there", "not_there"),
    [
        ({"byProvider": "anthropic"}, CLAUDE, TITAN),
        ({"byProvider": "Amazon"}, TITAN, CLAUDE),
        ({"byOutputModality": "EMBEDDING"}, TITAN, CLAUDE),
        ({"byOutputModality": "TEXT"}, CLAUDE, TITAN),
        ({"byInferenceType": "ON_DEMAND"}, CLAUDE, None),
        ({"byInferenceType": "PROVISIONED"}, None, CLAUDE),
        ({"byCustomizationType": "FINE_TUNING"}, None, CLAUDE),
    ],
)
def test_filters_let_through_what_they_say(bedrock, given, there, not_there):
    found = ids(bedrock.list_foundation_models(**given))
    assert there is None or there in found
    assert not_there not in found


@pytest.mark.parametrize("reference", [CLAUDE, f"arn:aws:bedrock:us-west-2::foundation-model/{CLAUDE}"])
def test_one_model_is_described(bedrock, reference):
    details = bedrock.get_foundation_model(modelIdentifier=reference)["modelDetails"]
    assert (details["modelId"], details["inferenceTypesSupported"]) == (CLAUDE, ["ON_DEMAND"])


def test_a_model_that_is_not_there_is_not_found(bedrock, refused):
    code, _ = refused(lambda: bedrock.get_foundation_model(modelIdentifier="anthropic.claude-99"))
    assert code == "ResourceNotFoundException"


@pytest.fixture
def profile(bedrock):
    """A profile of one's own for Claude."""
    source = bedrock.get_foundation_model(modelIdentifier=CLAUDE)["modelDetails"]["modelArn"]
    return bedrock.create_inference_profile(
        inferenceProfileName="team a", description="Leave desk", modelSource={"copyFrom": source}
    )["inferenceProfileArn"]


def test_a_profile_of_ones_own_is_made_and_described(bedrock, profile):
    found = bedrock.get_inference_profile(inferenceProfileIdentifier=profile)
    assert (found["inferenceProfileName"], found["description"], found["type"]) == (
        "team a",
        "Leave desk",
        "APPLICATION",
    )
    assert (found["status"], found["inferenceProfileArn"]) == ("ACTIVE", profile)
    assert [one["modelArn"].rpartition("/")[2] for one in found["models"]] == [CLAUDE]
    by_id = bedrock.get_inference_profile(inferenceProfileIdentifier=found["inferenceProfileId"])
    assert by_id["inferenceProfileArn"] == profile


def test_a_model_is_asked_by_a_profile_of_ones_own(bedrock, runtime, profile, script):
    script(["Yes."])
    name = bedrock.get_inference_profile(inferenceProfileIdentifier=profile)["inferenceProfileId"]
    for reference in (profile, name):
        reply = runtime.converse(modelId=reference, messages=[USER])
        assert reply["output"]["message"]["content"] == [{"text": "Yes."}]


def test_a_profile_may_be_made_of_another(bedrock):
    source = bedrock.get_inference_profile(inferenceProfileIdentifier=f"us.{CLAUDE}")["inferenceProfileArn"]
    made = bedrock.create_inference_profile(inferenceProfileName="team b", modelSource={"copyFrom": source})
    found = bedrock.get_inference_profile(inferenceProfileIdentifier=made["inferenceProfileArn"])
    assert found["models"][0]["modelArn"].endswith(CLAUDE)


def test_two_profiles_cannot_have_one_name(bedrock, profile, refused):
    again = lambda: bedrock.create_inference_profile(  # noqa: E731
        inferenceProfileName="team a", modelSource={"copyFrom": f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}"}
    )
    assert refused(again)[0] == "ConflictException"


def test_a_deleted_profile_is_gone(bedrock, runtime, profile, refused):
    bedrock.delete_inference_profile(inferenceProfileIdentifier=profile)
    assert refused(lambda: runtime.converse(modelId=profile, messages=[USER]))[0] == "ResourceNotFoundException"
    gone = lambda: bedrock.delete_inference_profile(inferenceProfileIdentifier=profile)  # noqa: E731
    assert refused(gone)[0] == "ResourceNotFoundException"


def test_the_systems_profiles_cannot_be_deleted(bedrock, refused):
    code, message = refused(lambda: bedrock.delete_inference_profile(inferenceProfileIdentifier=f"us.{CLAUDE}"))
    assert code == "ValidationException"
    assert "the system's" in message


def test_profiles_are_listed_page_by_page_and_by_type(bedrock, profile):
    pages = bedrock.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 2})
    found = [one for page in pages for one in page["inferenceProfileSummaries"]]
    names = [one["inferenceProfileId"] for one in found]
    assert len(names) == len(set(names)) > 2
    assert f"global.{CLAUDE}" in names
    assert found[-1]["inferenceProfileArn"] == profile
    own = bedrock.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"]
    assert [one["inferenceProfileArn"] for one in own] == [profile]
    system = bedrock.list_inference_profiles(typeEquals="SYSTEM_DEFINED")["inferenceProfileSummaries"]
    assert {one["type"] for one in system} == {"SYSTEM_DEFINED"}


def test_a_profile_that_is_not_there_is_not_found(bedrock, refused):
    for name in ("abcdefghij12", "us.anthropic.claude-99", CLAUDE):
        code, _ = refused(lambda name=name: bedrock.get_inference_profile(inferenceProfileIdentifier=name))
        assert code == "ResourceNotFoundException"


def test_a_profile_made_with_a_client_token_again_is_the_same(bedrock):
    given = {
        "inferenceProfileName": "team c",
        "modelSource": {"copyFrom": f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}"},
        "clientRequestToken": "a-token-of-my-own",
    }
    assert len({bedrock.create_inference_profile(**given)["inferenceProfileArn"] for _ in range(2)}) == 1


def test_a_profile_has_tags(bedrock, refused):
    tags = [{"key": "team", "value": "a"}]
    source = f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}"
    made = bedrock.create_inference_profile(inferenceProfileName="team d", modelSource={"copyFrom": source}, tags=tags)[
        "inferenceProfileArn"
    ]
    assert bedrock.list_tags_for_resource(resourceARN=made)["tags"] == tags
    bedrock.tag_resource(resourceARN=made, tags=[{"key": "cost", "value": "7"}])
    bedrock.untag_resource(resourceARN=made, tagKeys=["team"])
    assert bedrock.list_tags_for_resource(resourceARN=made)["tags"] == [{"key": "cost", "value": "7"}]
    bedrock.delete_inference_profile(inferenceProfileIdentifier=made)
    assert refused(lambda: bedrock.list_tags_for_resource(resourceARN=made))[0] == "ResourceNotFoundException"
