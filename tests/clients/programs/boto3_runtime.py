"""A program on boto3: pages, an answer in a stream, a conversation with a tool until it is over, and other models."""

import json
import os

import boto3
from botocore.exceptions import ClientError

KNOWLEDGE_BASE = os.environ["KNOWLEDGE_BASE_ID"]
MODEL = "openai.gpt-5-mini"
SCHEMA = {"type": "object", "properties": {"gate": {"type": "string"}}, "required": ["gate"]}
TOOLS = {"tools": [{"toolSpec": {"name": "opening_hour", "inputSchema": {"json": SCHEMA}}}]}
documents = boto3.client("bedrock-agent-runtime")
models = boto3.client("bedrock-runtime")


def pages():
    pager = documents.get_paginator("retrieve")
    search = {"vectorSearchConfiguration": {"numberOfResults": 2}}
    request = {"knowledgeBaseId": KNOWLEDGE_BASE, "retrievalQuery": {"text": "gates, leave and travel"}}
    found = pager.paginate(**request, retrievalConfiguration=search)
    return [one["content"]["text"] for page in found for one in page["retrievalResults"]]


def answer():
    """The text of a streamed answer, and what the span of its first citation holds."""
    base = {"knowledgeBaseId": KNOWLEDGE_BASE, "modelArn": "outcrop.extractive-v1"}
    reply = documents.retrieve_and_generate_stream(
        input={"text": "When may I fly business class?"},
        retrieveAndGenerateConfiguration={"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": base},
    )
    text, cited = "", []
    for event in reply["stream"]:
        text += event.get("output", {}).get("text", "")
        if "citation" in event:
            cited.append(event["citation"])
    span = cited[0]["generatedResponsePart"]["textResponsePart"]["span"]
    return {"text": text, "cited": text[span["start"] : span["end"] + 1], "session": reply["sessionId"]}


def conversation():
    """Ask, run the tools that the model calls, and tell it what they gave, until it is done."""
    messages = [{"role": "user", "content": [{"text": "When does the north gate open?"}]}]
    while True:
        reply = models.converse(modelId=MODEL, messages=messages, toolConfig=TOOLS, system=[{"text": "Be brief."}])
        messages.append(reply["output"]["message"])
        if reply["stopReason"] != "tool_use":
            return {"text": reply["output"]["message"]["content"][0]["text"], "turns": len(messages)}
        calls = [block["toolUse"] for block in reply["output"]["message"]["content"] if "toolUse" in block]
        results = [
            {"toolUseId": call["toolUseId"], "content": [{"text": f"The {call['input']['gate']} gate: seven."}]}
            for call in calls
        ]
        messages.append({"role": "user", "content": [{"toolResult": result} for result in results]})


def streamed():
    """The pieces of a stream, as they came, and how it ended."""
    reply = models.converse_stream(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "When?"}]}])
    events = list(reply["stream"])
    pieces = [one["contentBlockDelta"]["delta"]["text"] for one in events if "contentBlockDelta" in one]
    [stop] = [one["messageStop"] for one in events if "messageStop" in one]
    return {"pieces": pieces, "last": list(events[-1]), "stop": stop}


def invoked():
    """The vector that a body of Titan's gives."""
    reply = models.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=json.dumps({"inputText": "gates"}))
    return len(json.loads(reply["body"].read())["embedding"])


def refused():
    """The names of the errors of a knowledge base that is not there, and of a wrong secret."""
    wrong = {"aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "wrong"}
    stranger = boto3.client("bedrock-agent-runtime", **wrong)
    for client, base in ((documents, "NOTTHERE01"), (stranger, KNOWLEDGE_BASE)):
        try:
            client.retrieve(knowledgeBaseId=base, retrievalQuery={"text": "x"})
        except ClientError as error:
            yield type(error).__name__, error.response["Error"]["Code"]


listed = boto3.client("bedrock").list_foundation_models()["modelSummaries"]
print(
    json.dumps(
        {
            "pages": pages(),
            "answer": answer(),
            "conversation": conversation(),
            "streamed": streamed(),
            "invoked": invoked(),
            "refused": list(refused()),
            "listed": [one["modelId"] for one in listed],
        }
    )
)
