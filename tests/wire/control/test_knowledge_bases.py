"""An unmodified boto3 client makes, finds, changes and deletes knowledge bases."""

from __future__ import annotations


def test_a_folder_becomes_answers_by_boto3_alone(client, agent, make):
    make.write("pumps.txt", "The pump needs four litres of oil a year.", {"team": "plant"})
    make.write("leave.txt", "Everyone has twenty-eight days of leave.")
    base = make.base()
    source = make.source(base)
    job = make.synced(source)
    assert job["status"] == "COMPLETE"
    assert job["statistics"]["numberOfNewDocumentsIndexed"] == 2
    found = client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=base["knowledgeBaseId"], retrievalQuery={"text": "How much oil does the pump need?"}
    )["retrievalResults"]
    assert found[0]["content"]["text"].startswith("The pump needs four litres")
    assert found[0]["metadata"]["team"] == "plant"
