"""A program on LangChain: tools, streams, structured output, other models, filters, exploring, embeddings, errors."""

import json
import os
from pathlib import PurePosixPath

from botocore.exceptions import ClientError
from langchain_aws import AmazonKnowledgeBasesRetriever, BedrockEmbeddings, ChatBedrock, ChatBedrockConverse
from langchain_aws.retrievers.bedrock import agentic_retrieve
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

KNOWLEDGE_BASE = os.environ["KNOWLEDGE_BASE_ID"]
CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"
QUESTION = "When may I fly business class?"


class Gate(BaseModel):
    """A gate and when it opens."""

    name: str
    hour: int


@tool
def opening_hour(gate: str, day: int = 1) -> str:
    """When a gate opens."""
    return f"The {gate} gate opens at seven on day {day}."


def calls(message):
    return [{"name": one["name"], "args": one["args"]} for one in message.tool_calls]


def filtered():
    recent = {"greaterThan": {"key": "year", "value": 2025}}
    only = {"andAll": [{"equals": {"key": "department", "value": "finance"}}, recent]}
    retriever = AmazonKnowledgeBasesRetriever(
        knowledge_base_id=KNOWLEDGE_BASE,
        retrieval_config={
            "vectorSearchConfiguration": {"numberOfResults": 9, "filter": only, "overrideSearchType": "HYBRID"}
        },
    )
    places = {one.metadata["location"]["customDocumentLocation"]["id"] for one in retriever.invoke(QUESTION)}
    return sorted(PurePosixPath(place).name for place in places)


def refused():
    try:
        AmazonKnowledgeBasesRetriever(knowledge_base_id="NOTTHERE01").invoke(QUESTION)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return None


chat = ChatBedrockConverse(model="openai.gpt-5-mini", max_tokens=200)
with_tools = chat.bind_tools([opening_hour])
asked = [SystemMessage("Be brief."), HumanMessage("When does the north gate open?")]
pieces = list(with_tools.stream(asked))
streamed = pieces[0]
for piece in pieces[1:]:
    streamed += piece
whole = with_tools.invoke(asked)
answers = [ToolMessage(opening_hour.invoke(call["args"]), tool_call_id=call["id"]) for call in whole.tool_calls]
after = with_tools.invoke([*asked, whole, *answers])
claude = ChatBedrockConverse(model=f"us.{CLAUDE}", temperature=0.2)

own_body = ChatBedrock(model=CLAUDE, beta_use_converse_api=False)
gate = chat.with_structured_output(Gate)
embedded = BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0").embed_documents([QUESTION, "Gates."])
print(
    json.dumps(
        {
            "streamed": {"text": streamed.text, "calls": calls(streamed), "pieces": len(pieces)},
            "whole": calls(whole),
            "after_the_tools": after.text,
            "usage": {name: after.usage_metadata[name] for name in ("input_tokens", "output_tokens", "total_tokens")},
            "filtered": filtered(),
            "by_claude": claude.invoke("When does the north gate open?").text,
            "by_its_own_body": [one.text for one in own_body.stream("When does the north gate open?") if one.text],
            "structured": gate.invoke("When does the north gate open?").model_dump(),
            "agentic": agentic_retrieve(KNOWLEDGE_BASE, QUESTION, generate_response=True)["generatedResponse"],
            "embedded": [len(embedded), len(embedded[0])],
            "refused": refused(),
        }
    )
)
