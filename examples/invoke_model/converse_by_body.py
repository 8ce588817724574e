"""Ask a model by InvokeModel, whole or streamed, with tools: and have it read numbers off a picture of a notice.

    export AWS_ENDPOINT_URL=http://127.0.0.1:8080 AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...
    python converse_by_body.py MODEL [--stream]

MODEL is an id or an ARN of a model in Claude's form, such as anthropic.claude-sonnet-4-5-20250929-v1:0.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path

import boto3

NOTICE = Path(__file__).parents[1] / "handbook" / "documents" / "plant" / "notice-hall-b.png"
CLOSURE = {
    "name": "record_closure",
    "description": "Record that a paint booth is closed.",
    "input_schema": {
        "type": "object",
        "properties": {
            "booth": {"type": "integer", "description": "The number of the booth."},
            "first_day": {"type": "integer", "description": "The day of the month on which it closes."},
            "last_day": {"type": "integer", "description": "The last day of the month on which it is closed."},
        },
        "required": ["booth", "first_day", "last_day"],
    },
}


def ask(  # noqa: PLR0913 # what a model can be asked, each by its name
    client, model, messages, *, system=None, stream=False, sampling=None, tools=(), tool=None, on_text=None
):
    """One reply to a conversation: its content blocks, and why it ended.

    `sampling` may hold max_tokens, temperature, top_p, top_k and stop_sequences; `tool` is the name of a tool that must
    be called; `on_text` is told each piece of text as it comes, where the reply is streamed.
    """
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1000, **(sampling or {}), "messages": messages}
    if system is not None:
        body["system"] = system
    if tools:
        body["tools"] = list(tools)
    if tool is not None:
        body["tool_choice"] = {"type": "tool", "name": tool}
    if not stream:
        reply = client.invoke_model(modelId=model, body=json.dumps(body))
        return json.loads(reply["body"].read())
    reply = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
    return gathered((json.loads(event["chunk"]["bytes"]) for event in reply["body"]), on_text or (lambda _: None))


def gathered(events, on_text):
    """The reply that the events of a stream add up to."""
    reply, blocks, pieces = {}, {}, {}
    for event in events:
        if event["type"] == "message_start":
            reply = dict(event["message"])
        elif event["type"] == "content_block_start":
            blocks[event["index"]], pieces[event["index"]] = event["content_block"], []
        elif event["type"] == "content_block_delta":
            delta = event["delta"]
            pieces[event["index"]].append(delta.get("text") or delta.get("partial_json") or "")
            on_text(delta.get("text", ""))
        elif event["type"] == "message_delta":
            reply |= {**event["delta"], "usage": event["usage"]}
    return {**reply, "content": [whole(blocks[index], "".join(pieces[index])) for index in sorted(blocks)]}


def whole(block, said):
    """A block with what was said of it piece by piece: its text, or its arguments as JSON."""
    if block["type"] == "tool_use":
        return {**block, "input": json.loads(said or "{}")}
    return {**block, "text": said} if block["type"] == "text" else block


def closure_of(client, model, picture, *, stream=False):
    """What a picture of a notice says of a closed booth, as the arguments of a tool's call."""
    image = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(picture).decode()}
    question = [{"type": "image", "source": image}, {"type": "text", "text": "Which booth is closed, and when?"}]
    reply = ask(
        client,
        model,
        [{"role": "user", "content": question}],
        system="Read the notice. Take numbers from it, and guess none.",
        stream=stream,
        sampling={"temperature": 0, "max_tokens": 500},
        tools=[CLOSURE],
        tool=CLOSURE["name"],
    )
    return next(block["input"] for block in reply["content"] if block["type"] == "tool_use")


def main():
    """Print the numbers of the notice."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--stream", action="store_true")
    options = parser.parse_args()
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    found = closure_of(client, options.model, NOTICE.read_bytes(), stream=options.stream)
    print(f"Booth {found['booth']} is closed from day {found['first_day']} to day {found['last_day']}.")


if __name__ == "__main__":
    main()
