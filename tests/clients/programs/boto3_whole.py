"""A program on boto3 from an empty bucket to an answer: make, ingest, find, answer, converse, change, and delete."""

import json
import os
import time

import boto3
from botocore.exceptions import ClientError

BUCKET = os.environ["BUCKET"]
ROLE = "arn:aws:iam::123456789012:role/knowledge-bases"
EMBEDDER = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
CLAUDE = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0"
MODEL = "openai.gpt-5-mini"
SCHEMA = {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}
TOOLS = {"tools": [{"toolSpec": {"name": "look_up", "inputSchema": {"json": SCHEMA}}}]}
OVER = ("COMPLETE", "FAILED", "STOPPED")
agent = boto3.client("bedrock-agent")
documents = boto3.client("bedrock-agent-runtime")
models = boto3.client("bedrock-runtime")
bucket = boto3.client("s3", config=boto3.session.Config(s3={"addressing_style": "path"}))


def put(name, text, **attributes):
    bucket.put_object(Bucket=BUCKET, Key=name, Body=text.encode())
    sidecar = json.dumps({"metadataAttributes": attributes})
    bucket.put_object(Bucket=BUCKET, Key=f"{name}.metadata.json", Body=sidecar.encode())


def made():
    """The ids of a new knowledge base and its data source."""
    configuration = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": EMBEDDER}}
    base = agent.create_knowledge_base(name="pumps", roleArn=ROLE, knowledgeBaseConfiguration=configuration)
    base_id = base["knowledgeBase"]["knowledgeBaseId"]
    place = {"bucketArn": f"arn:aws:s3:::{BUCKET}", "inclusionPrefixes": ["pumps/"]}
    size = {"maxTokens": 100, "overlapPercentage": 10}
    chunks = {"chunkingStrategy": "FIXED_SIZE", "fixedSizeChunkingConfiguration": size}
    source = agent.create_data_source(
        knowledgeBaseId=base_id,
        name="bucket",
        dataSourceConfiguration={"type": "S3", "s3Configuration": place},
        vectorIngestionConfiguration={"chunkingConfiguration": chunks},
    )
    return {"knowledgeBaseId": base_id, "dataSourceId": source["dataSource"]["dataSourceId"]}


def ingested(ids):
    """How an ingestion job ended, and its counts."""
    job = agent.start_ingestion_job(**ids)["ingestionJob"]
    while job["status"] not in OVER:
        time.sleep(0.05)
        job = agent.get_ingestion_job(**ids, ingestionJobId=job["ingestionJobId"])["ingestionJob"]
    counts = (
        "DocumentsScanned",
        "NewDocumentsIndexed",
        "ModifiedDocumentsIndexed",
        "DocumentsDeleted",
        "DocumentsFailed",
    )
    return [job["status"], *(job["statistics"][f"numberOf{name}"] for name in counts)]


def retrieved(base, question, only=None):
    search = {"numberOfResults": 5, **({"filter": only} if only else {})}
    reply = documents.retrieve(
        knowledgeBaseId=base,
        retrievalQuery={"text": question},
        retrievalConfiguration={"vectorSearchConfiguration": search},
    )
    return [one["location"]["s3Location"]["uri"] for one in reply["retrievalResults"]]


def filtered(base):
    """Which documents each of several filters leaves."""
    above, at_most = {"greaterThan": {"key": "bar", "value": 5}}, {"lessThanOrEquals": {"key": "bar", "value": 9}}
    named, below = {"startsWith": {"key": "model", "value": "P-1"}}, {"lessThan": {"key": "bar", "value": 0}}
    filters = {
        "equals": {"equals": {"key": "model", "value": "P-200"}},
        "in": {"in": {"key": "model", "value": ["P-100", "P-300"]}},
        "not": {"notEquals": {"key": "model", "value": "P-100"}},
        "range": {"andAll": [above, at_most]},
        "either": {"orAll": [named, below]},
        "list": {"listContains": {"key": "places", "value": "Oslo"}},
    }
    return {name: retrieved(base, "pump pressure", one) for name, one in filters.items()}


def answered(base):
    configuration = {"knowledgeBaseId": base, "modelArn": CLAUDE}
    reply = documents.retrieve_and_generate_stream(
        input={"text": "Which pressure does the P-200 deliver?"},
        retrieveAndGenerateConfiguration={"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": configuration},
    )
    events = list(reply["stream"])
    cited = [one["citation"]["retrievedReferences"] for one in events if "citation" in one]
    return {
        "text": "".join(one["output"]["text"] for one in events if "output" in one),
        "cited": [reference["location"]["s3Location"]["uri"] for references in cited for reference in references],
    }


def conversed(base):
    """A conversation in which the model looks things up in the knowledge base."""
    messages = [{"role": "user", "content": [{"text": "Which pressure does the P-300 deliver?"}]}]
    while True:
        reply = models.converse(modelId=MODEL, messages=messages, toolConfig=TOOLS)
        message = reply["output"]["message"]
        if reply["stopReason"] != "tool_use":
            return message["content"][0]["text"]
        messages += [
            message,
            {"role": "user", "content": [looked_up(base, one["toolUse"]) for one in message["content"]]},
        ]


def looked_up(base, call):
    found = {"found": retrieved(base, call["input"]["question"])}
    return {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": found}]}}


def noted(base):
    """What became of a document that was handed over as it is: its status, where it is found, and its end."""
    source = agent.create_data_source(knowledgeBaseId=base, name="notes", dataSourceConfiguration={"type": "CUSTOM"})[
        "dataSource"
    ]
    ids = {"knowledgeBaseId": base, "dataSourceId": source["dataSourceId"]}
    content = {
        "dataSourceType": "CUSTOM",
        "custom": {
            "customDocumentIdentifier": {"id": "note-1"},
            "sourceType": "IN_LINE",
            "inlineContent": {"type": "TEXT", "textContent": {"data": "Spare valves lie in cupboard four."}},
        },
    }
    year = {"key": "year", "value": {"type": "NUMBER", "numberValue": 2026}}
    note = {"content": content, "metadata": {"type": "IN_LINE_ATTRIBUTE", "inlineAttributes": [year]}}
    agent.ingest_knowledge_base_documents(**ids, documents=[note])
    name = {"dataSourceType": "CUSTOM", "custom": {"id": "note-1"}}

    def status():
        return agent.get_knowledge_base_documents(**ids, documentIdentifiers=[name])["documentDetails"][0]["status"]

    def over(*pending):
        while (now := status()) in pending:
            time.sleep(0.05)
        return now

    became = over("PENDING", "STARTING", "IN_PROGRESS")
    reply = documents.retrieve(
        knowledgeBaseId=base,
        retrievalQuery={"text": "Where are the spare valves?"},
        retrievalConfiguration={"vectorSearchConfiguration": {"filter": {"equals": {"key": "year", "value": 2026}}}},
    )
    places = [one["location"]["customDocumentLocation"]["id"] for one in reply["retrievalResults"]]
    agent.delete_knowledge_base_documents(**ids, documentIdentifiers=[name])
    return {"became": became, "places": places, "then": over("DELETING", "DELETE_IN_PROGRESS", "INDEXED")}


def listed(ids):
    """What the lists hold, page by page."""
    pages = agent.get_paginator("list_knowledge_bases").paginate(PaginationConfig={"PageSize": 1})
    names = [one["name"] for page in pages for one in page["knowledgeBaseSummaries"]]
    jobs = agent.get_paginator("list_ingestion_jobs").paginate(**ids, PaginationConfig={"PageSize": 1})
    return {"bases": names, "jobs": [one["status"] for page in jobs for one in page["ingestionJobSummaries"]]}


def deleted(base):
    """The name of the error that a knowledge base which was deleted is answered with."""
    agent.delete_knowledge_base(knowledgeBaseId=base)
    while True:
        try:
            agent.get_knowledge_base(knowledgeBaseId=base)
        except ClientError as error:
            return error.response["Error"]["Code"]
        time.sleep(0.05)


put("pumps/p100.txt", "The pump P-100 delivers a pressure of four bar.", model="P-100", bar=4, places=["Oslo", "Bern"])
put("pumps/p200.txt", "The pump P-200 delivers a pressure of seven bar.", model="P-200", bar=7, places=["Bern"])
put("pumps/p300.txt", "The pump P-300 delivers a pressure of ten bar.", model="P-300", bar=10)
put("other/secret.txt", "This lies elsewhere.")
ids = made()
found = {"first": ingested(ids), "filtered": filtered(ids["knowledgeBaseId"])}
found["answer"] = answered(ids["knowledgeBaseId"])
found["conversation"] = conversed(ids["knowledgeBaseId"])
found["note"] = noted(ids["knowledgeBaseId"])
put("pumps/p200.txt", "The pump P-200 now delivers a pressure of eight bar.", model="P-200", bar=8)
for name in ("pumps/p100.txt", "pumps/p100.txt.metadata.json"):
    bucket.delete_object(Bucket=BUCKET, Key=name)
found["second"] = ingested(ids)
found["left"] = sorted(retrieved(ids["knowledgeBaseId"], "pump pressure"))
found["listed"] = listed(ids)
found["deleted"] = deleted(ids["knowledgeBaseId"])
print(json.dumps(found))
