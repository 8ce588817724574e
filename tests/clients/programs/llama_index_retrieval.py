"""A program on LlamaIndex: filters, both search types, and the asynchronous client."""

import asyncio
import json
import os

from botocore.exceptions import ClientError
from llama_index.retrievers.bedrock import AmazonKnowledgeBasesRetriever

QUESTION = "When may I fly business class?"


def retriever(base=os.environ["KNOWLEDGE_BASE_ID"], **search):
    return AmazonKnowledgeBasesRetriever(
        knowledge_base_id=base, retrieval_config={"vectorSearchConfiguration": {"numberOfResults": 3, **search}}
    )


def texts(found):
    return [one.node.text for one in found]


def refused():
    try:
        retriever("NOTTHERE01").retrieve(QUESTION)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


semantic = retriever(overrideSearchType="SEMANTIC")
scored = semantic.retrieve(QUESTION)
recent = retriever(filter={"greaterThanOrEquals": {"key": "year", "value": 2026}})
print(
    json.dumps(
        {
            "scores": [one.score for one in scored],
            "metadata": scored[0].node.metadata["sourceMetadata"],
            "location": scored[0].node.metadata["location"],
            "filtered": texts(recent.retrieve(QUESTION)),
            "same": texts(asyncio.run(semantic.aretrieve(QUESTION))) == texts(scored),
            "refused": refused(),
        }
    )
)
