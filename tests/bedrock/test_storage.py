"""Bedrock's storageConfiguration finds the store that is meant."""

from __future__ import annotations

import pytest

from outcrop.bedrock import storage
from outcrop.core.chunks import Adopted
from outcrop.core.settings import load_settings

FIELDS = {"textField": "chunks", "metadataField": "meta"}
ARN = "arn:aws:rds:us-east-1:123456789012:cluster:house"
RDS = {
    "type": "RDS",
    "rdsConfiguration": {
        "resourceArn": ARN,
        "credentialsSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:house",
        "databaseName": "postgres",
        "tableName": "kb.chunks",
        "fieldMapping": {**FIELDS, "primaryKeyField": "id", "vectorField": "embedding", "customMetadataField": "more"},
    },
}


def settings(**stores):
    return load_settings(vector_stores=stores)


@pytest.mark.parametrize(
    "stores", [{"house": {"kind": "pgvector"}}, {"other": {"kind": "pgvector", "stands_for": [ARN]}}]
)
def test_an_rds_cluster_means_the_store_of_its_name_or_that_lists_it(stores):
    place = storage.place(RDS, settings(house2={"kind": "redis"}, **stores))
    assert place.store in stores
    assert place.declared == {"storageConfiguration": RDS}
    wanted = Adopted(
        place="kb.chunks", key="id", vector="embedding", text="chunks", metadata="meta", custom_metadata="more"
    )
    assert place.adopts == wanted


def test_an_endpoint_means_the_store_that_lists_it():
    given = {"connectionString": "https://a.pinecone.io", "credentialsSecretArn": "s", "fieldMapping": FIELDS}
    stores = settings(pine={"kind": "pinecone", "stands_for": ["https://a.pinecone.io"]})
    place = storage.place({"type": "PINECONE", "pineconeConfiguration": {**given, "namespace": "n"}}, stores)
    assert (place.store, place.adopts) == ("pine", Adopted(place="n", text="chunks", metadata="meta"))


def test_nothing_said_leaves_the_choice_to_the_settings():
    assert storage.place(None, settings()) == storage.Place()
