"""Prompts of the text families become the conversations that they spell."""

from __future__ import annotations

import pytest

from outcrop.bedrock.bodies import claude_completions, llama, mistral, titan_text
from outcrop.core.errors import Invalid


def said(request):
    return [(one.role, block.text) for one in request.messages for block in one.content]


LLAMA3 = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nMe.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)
LLAMA4 = (
    LLAMA3.replace("start_header_id", "header_start").replace("end_header_id", "header_end").replace("eot_id", "eot")
)
LLAMA2 = "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nWho? [/INST] Me. </s><s>[INST] Why? [/INST]"
TALK = [("user", "Who?"), ("assistant", "Me."), ("user", "Why?")]


@pytest.mark.parametrize("prompt", [LLAMA3, LLAMA4, LLAMA2])
def test_every_version_of_llama_spells_the_same_conversation(prompt):
    asked = llama.request({"prompt": prompt})
    assert said(asked) == TALK
    assert asked.system == ("Be kind.",)


def test_a_prompt_without_special_tokens_is_the_users():
    assert said(llama.request({"prompt": "  What is [1]?  "})) == [("user", "What is [1]?")]


def test_an_answer_that_was_begun_is_gone_on_with():
    asked = llama.request({"prompt": LLAMA3 + "Because"})
    assert said(asked)[-1] == ("assistant", "Because")


def test_mistral_spells_turns_with_instructions():
    assert said(mistral.request({"prompt": "<s>[INST] Who? [/INST] Me.</s>[INST] Why? [/INST]"})) == TALK


def test_titan_spells_turns_with_speakers():
    assert said(titan_text.request({"inputText": "User: Who?\nBot: Me.\nUser: Why?\nBot:"})) == TALK


def test_titan_reads_any_other_text_as_the_users():
    text = "Dialogue:\nUser: Who?\nBot: Me."
    assert said(titan_text.request({"inputText": text})) == [("user", text)]


def test_claude_spells_turns_with_human_and_assistant():
    prompt = "Human: Who?\n\nAssistant: Me.\n\nHuman: Why?\n\nAssistant:"
    assert said(claude_completions.request({"prompt": prompt, "max_tokens_to_sample": 9})) == TALK


@pytest.mark.parametrize(
    ("family", "body"),
    [
        (llama, {"prompt": "<|start_header_id|>assistant<|end_header_id|>\n\nMe.<|eot_id|>"}),
        (mistral, {"prompt": "<s>[INST] [/INST]"}),
        (titan_text, {"inputText": "User:\nBot:"}),
        (claude_completions, {"prompt": "\n\nAssistant: Me.\n\nHuman: Why?", "max_tokens_to_sample": 9}),
    ],
)
def test_a_conversation_that_the_user_does_not_begin_is_refused(family, body):
    with pytest.raises(Invalid, match="must begin with what the user says"):
        family.request(body)


@pytest.mark.parametrize("piece", ["<<SYS>>", "[INST]<<SYS>>", "<|start_header_id|>", "<|start_header_id|>u", "<s>x"])
def test_a_prompt_of_many_marks_is_read_to_its_end(piece):
    [(role, _)] = said(llama.request({"prompt": f"Who?{piece * 200_000}"}))[:1]
    assert role == "user"
