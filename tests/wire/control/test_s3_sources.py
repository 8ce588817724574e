"""A bucket becomes a knowledge base by an unmodified boto3 client: what is fetched, counted and said."""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest


@pytest.fixture
def proxy(s3_server):
    """The S3 server behind a proxy that notes which objects are fetched."""
    fetched = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            reply = httpx.get(f"{s3_server}{self.path}", headers={"authorization": self.headers["authorization"]})
            parts = urlsplit(self.path)
            if "list-type" not in parts.query:
                fetched.append(parts.path.split("/", 2)[2])
            self.send_response(reply.status_code)
            for name in ("content-type", "etag"):
                if name in reply.headers:
                    self.send_header(name, reply.headers[name])
            self.send_header("content-length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", fetched
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def services(whole, proxy):
    return whole.services(s3_endpoint=proxy[0])


@pytest.fixture
def bucket(s3):
    name = f"docs-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def put(s3, bucket):
    def put(key, body, metadata=None):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        if metadata is not None:
            sidecar = json.dumps({"metadataAttributes": metadata})
            s3.put_object(Bucket=bucket, Key=f"{key}.metadata.json", Body=sidecar)

    return put


@pytest.fixture
def source(make, bucket):
    configuration = {"bucketArn": f"arn:aws:s3:::{bucket}", "inclusionPrefixes": ["handbook/"]}
    return make.source(make.base(), configuration={"type": "S3", "s3Configuration": configuration})


def test_a_bucket_is_searched_and_named_as_s3(client, make, source, put, bucket):
    put("handbook/pumps and valves.txt", "The pump needs four litres of oil a year.", {"team": "plant"})
    put("handbook/broken.txt", "FAIL corrupt")
    put("handbook/picture.raw", "not read")
    put("elsewhere/secret.txt", "Not below the prefix.")
    job = make.synced(source)
    assert (job["status"], job["failureReasons"]) == ("COMPLETE", ["handbook/broken.txt: It is said to be corrupt."])
    done = job["statistics"]
    assert (done["numberOfDocumentsScanned"], done["numberOfNewDocumentsIndexed"]) == (3, 1)
    assert (done["numberOfDocumentsFailed"], done["numberOfDocumentsSkipped"]) == (1, 1)
    assert done["numberOfMetadataDocumentsScanned"] == 1
    (found,) = client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=source["knowledgeBaseId"], retrievalQuery={"text": "oil"}
    )["retrievalResults"]
    uri = f"s3://{bucket}/handbook/pumps and valves.txt"
    assert found["location"] == {"type": "S3", "s3Location": {"uri": uri}}
    assert found["metadata"]["x-amz-bedrock-kb-source-uri"] == uri
    assert found["metadata"]["team"] == "plant"


def test_what_is_unchanged_is_neither_fetched_nor_read(make, source, put, proxy, whole):
    put("handbook/a.txt", "Pumps need oil.", {"team": "plant"})
    put("handbook/b.txt", "FAIL encrypted")
    make.synced(source)
    assert sorted(proxy[1]) == ["handbook/a.txt", "handbook/a.txt.metadata.json", "handbook/b.txt"]
    reads = whole.reader.reads
    proxy[1].clear()
    job = make.synced(source)
    assert (proxy[1], whole.reader.reads) == ([], reads)
    assert (job["statistics"]["numberOfDocumentsScanned"], job["statistics"]["numberOfDocumentsFailed"]) == (2, 1)


def test_only_what_changed_is_fetched(make, source, put, proxy, whole, s3, bucket):
    for name in ("a", "b", "c"):
        put(f"handbook/{name}.txt", f"Document {name}.", {"name": name})
    make.synced(source)
    reads = whole.reader.reads
    put("handbook/a.txt", "Document a, written anew.", {"name": "a"})
    put("handbook/b.txt", "Document b.", {"name": "another"})
    proxy[1].clear()
    done = make.synced(source)["statistics"]
    assert "handbook/c.txt" not in proxy[1]
    assert (done["numberOfModifiedDocumentsIndexed"], done["numberOfMetadataDocumentsModified"]) == (1, 1)
    assert whole.reader.reads == reads + 1
    proxy[1].clear()
    s3.delete_object(Bucket=bucket, Key="handbook/c.txt")
    assert make.synced(source)["statistics"]["numberOfDocumentsDeleted"] == 1
    assert proxy[1] == []


def test_other_chunking_fetches_everything_again(agent, make, source, put, proxy):
    put("handbook/a.txt", "Pumps need oil.")
    make.synced(source)
    proxy[1].clear()
    agent.update_data_source(
        **make.ids(source),
        name="docs",
        dataSourceConfiguration=source["dataSourceConfiguration"],
        vectorIngestionConfiguration={"chunkingConfiguration": {"chunkingStrategy": "NONE"}},
    )
    assert make.synced(source)["statistics"]["numberOfModifiedDocumentsIndexed"] == 1
    assert proxy[1] == ["handbook/a.txt"]


def test_an_emptied_bucket_is_believed(make, source, put, s3, bucket):
    put("handbook/a.txt", "Pumps need oil.")
    make.synced(source)
    s3.delete_object(Bucket=bucket, Key="handbook/a.txt")
    job = make.synced(source)
    assert (job["status"], job["statistics"]["numberOfDocumentsDeleted"]) == ("COMPLETE", 1)


def test_a_bucket_that_is_gone_fails_the_job_and_removes_nothing(client, make, source, put, s3, bucket):
    put("handbook/a.txt", "Pumps need oil.")
    make.synced(source)
    s3.delete_object(Bucket=bucket, Key="handbook/a.txt")
    s3.delete_bucket(Bucket=bucket)
    job = make.synced(source)
    assert job["status"] == "FAILED"
    assert job["failureReasons"] == [f"There is no bucket {bucket}. Nothing was changed."]
    found = client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=source["knowledgeBaseId"], retrievalQuery={"text": "oil"}
    )
    assert len(found["retrievalResults"]) == 1
