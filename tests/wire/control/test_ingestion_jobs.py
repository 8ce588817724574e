"""An unmodified boto3 client starts, watches, lists and stops ingestion jobs."""

from __future__ import annotations

import asyncio
import shutil
import uuid

import pytest

from outcrop.testing.adapters import PlainReader
from outcrop.testing.whole import Whole


class HeldReader(PlainReader):
    """Reads a text `WAIT` only once it is let go."""

    def __init__(self):
        super().__init__()
        self.release = asyncio.Event()

    async def read(self, blob):
        if blob.read().startswith(b"WAIT"):
            await self.release.wait()
        return await super().read(blob)


@pytest.fixture
def source(make):
    return make.source(make.base())


@pytest.fixture
def whole(tmp_path):
    return Whole(tmp_path / "data", reader=HeldReader())


@pytest.fixture
def running(make):
    """A job that is under way: four documents are done, one waits."""
    for number in range(4):
        make.write(f"{number}.txt", f"Document {number}.")
    make.write("z.txt", "WAIT for it")
    source = make.source(make.base())
    job = make.start(source)
    assert job["status"] in ("STARTING", "IN_PROGRESS")
    return make.until(lambda: make.job(job), lambda now: now["statistics"].get("numberOfNewDocumentsIndexed", 0) == 4)


def test_the_statistics_tell_what_became_of_every_document(make, source):
    make.write("good.txt", "Pumps need oil.", {"team": "plant"})
    make.write("deep/also.md", "Valves need none.")
    make.write("broken.txt", "FAIL encrypted")
    make.write("picture.raw", "not read")
    job = make.synced(source)
    assert job["status"] == "COMPLETE"
    assert job["failureReasons"] == ["broken.txt: It is said to be encrypted."]
    expected = {"Scanned": 4, "Failed": 1, "Skipped": 1, "Deleted": 0}
    assert {name: job["statistics"][f"numberOfDocuments{name}"] for name in expected} == expected
    assert job["statistics"]["numberOfNewDocumentsIndexed"] == 2
    assert job["statistics"]["numberOfMetadataDocumentsScanned"] == 1
    make.write("good.txt", "Pumps need much oil.", {"team": "plant"})
    make.write("deep/also.md", "Valves need none.", {"team": "valves"})
    (make.folder / "broken.txt").unlink()
    done = make.synced(source)["statistics"]
    assert done["numberOfModifiedDocumentsIndexed"] == 1
    assert done["numberOfMetadataDocumentsModified"] == 1
    assert done["numberOfDocumentsDeleted"] == 1
    assert done["numberOfNewDocumentsIndexed"] == 0


def test_a_job_shows_its_counts_while_it_runs(make, running, whole, server):
    assert running["status"] == "IN_PROGRESS"
    assert running["statistics"]["numberOfDocumentsScanned"] == 5
    server.loop.call_soon_threadsafe(whole.reader.release.set)
    assert make.ended(running)["statistics"]["numberOfNewDocumentsIndexed"] == 5


def test_a_second_job_of_a_data_source_is_a_conflict(agent, make, running, refused):
    code, status, message = refused(agent.start_ingestion_job, **make.ids(running))
    assert (code, status) == ("ConflictException", 409)
    assert "is being synced" in message


def test_what_is_being_synced_cannot_be_deleted(agent, make, running, refused):
    base = {"knowledgeBaseId": running["knowledgeBaseId"]}
    assert refused(agent.delete_data_source, **make.ids(running))[:2] == ("ConflictException", 409)
    assert refused(agent.delete_knowledge_base, **base)[:2] == ("ConflictException", 409)
    assert agent.get_knowledge_base(**base)["knowledgeBase"]["status"] == "ACTIVE"


def test_another_knowledge_base_goes_on_meanwhile(make, running):
    other = make.source(make.base("other"), configuration=make.folder_configuration(exclude=["z.txt"]))
    assert make.synced(other)["statistics"]["numberOfNewDocumentsIndexed"] == 4
    assert make.job(running)["status"] == "IN_PROGRESS"


def test_a_stopped_job_keeps_what_is_done_and_the_next_one_goes_on(agent, make, running, whole, server, refused):
    asked = agent.stop_ingestion_job(**make.ids(running), ingestionJobId=running["ingestionJobId"])["ingestionJob"]
    assert asked["status"] == "STOPPING"
    stopped = make.ended(running)
    assert (stopped["status"], stopped["statistics"]["numberOfNewDocumentsIndexed"]) == ("STOPPED", 4)
    again = {**make.ids(running), "ingestionJobId": running["ingestionJobId"]}
    assert refused(agent.stop_ingestion_job, **again)[:2] == ("ConflictException", 409)
    server.loop.call_soon_threadsafe(whole.reader.release.set)
    done = make.synced(running)["statistics"]
    assert (done["numberOfNewDocumentsIndexed"], done["numberOfDocumentsScanned"]) == (1, 5)


def test_a_source_that_is_gone_fails_the_job_with_the_reason(make, source):
    make.write("a.txt", "Pumps need oil.")
    make.synced(source)
    shutil.rmtree(make.folder)
    job = make.synced(source)
    assert job["status"] == "FAILED"
    assert "cannot be read" in job["failureReasons"][0]


@pytest.mark.parametrize(("protection", "deleted"), [("ENABLED", 0), ("DISABLED", 1)])
def test_an_emptied_folder_is_believed_only_without_deletion_protection(make, protection, deleted):
    make.write("a.txt", "Pumps need oil.")
    configuration = make.folder_configuration()
    connector = configuration["managedKnowledgeBaseConnectorConfiguration"]
    connector["deletionProtectionConfiguration"] = {"deletionProtectionStatus": protection}
    source = make.source(make.base(), configuration=configuration)
    assert source["dataSourceConfiguration"] == configuration
    make.synced(source)
    (make.folder / "a.txt").unlink()
    job = make.synced(source)
    assert job["statistics"]["numberOfDocumentsDeleted"] == deleted
    assert job["status"] == ("COMPLETE" if deleted else "FAILED")


def test_the_same_token_starts_one_job(agent, make, source):
    token = str(uuid.uuid4())
    first = make.start(source, clientToken=token, description="Nightly.")
    assert make.start(source, clientToken=token, description="Nightly.") == first
    ended = make.ended(first)
    assert ended["description"] == "Nightly."
    assert len(agent.list_ingestion_jobs(**make.ids(source))["ingestionJobSummaries"]) == 1


def test_jobs_are_listed_filtered_sorted_and_paged(agent, make, source):
    make.write("a.txt", "Pumps need oil.")
    names = [make.synced(source)["ingestionJobId"] for _ in range(3)]
    (make.folder).rename(make.folder.with_name("away"))
    names.append(make.synced(source)["ingestionJobId"])

    def listed(**more):
        pages = agent.get_paginator("list_ingestion_jobs").paginate(
            **make.ids(source), **more, PaginationConfig={"PageSize": 2}
        )
        return [names.index(one["ingestionJobId"]) for page in pages for one in page["ingestionJobSummaries"]]

    assert listed() == [3, 2, 1, 0]
    assert listed(sortBy={"attribute": "STARTED_AT", "order": "ASCENDING"}) == [0, 1, 2, 3]
    assert listed(sortBy={"attribute": "STATUS", "order": "ASCENDING"}) == [0, 1, 2, 3]
    assert listed(sortBy={"attribute": "STATUS", "order": "DESCENDING"}) == [3, 2, 1, 0]
    status = [{"attribute": "STATUS", "operator": "EQ", "values": ["FAILED"]}]
    assert listed(filters=status) == [3]
    status[0]["values"] = ["COMPLETE"]
    assert listed(filters=status, sortBy={"attribute": "STARTED_AT", "order": "ASCENDING"}) == [0, 1, 2]


def test_a_page_token_belongs_to_its_question(agent, make, source, refused):
    for _ in range(2):
        make.synced(source)
    token = agent.list_ingestion_jobs(**make.ids(source), maxResults=1)["nextToken"]
    newest = {"attribute": "STARTED_AT", "order": "ASCENDING"}
    for wrong in ({"nextToken": token, "sortBy": newest}, {"nextToken": "nonsense"}):
        assert refused(agent.list_ingestion_jobs, **make.ids(source), **wrong)[0] == "ValidationException"


def test_a_job_that_is_not_there_is_not_found(agent, make, source, refused):
    other = make.source(make.base("other"))
    job = make.synced(other)
    for wrong in ("NOSUCHJOB0", job["ingestionJobId"]):
        for call in (agent.get_ingestion_job, agent.stop_ingestion_job):
            assert refused(call, **make.ids(source), ingestionJobId=wrong)[:2] == ("ResourceNotFoundException", 404)
