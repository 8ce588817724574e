"""What is special about the databases: migrations, other processes, other versions."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import get_type_hints

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from outcrop.core import records, work
from outcrop.core.errors import Invalid, OutcropError, Unavailable, Unsupported
from outcrop.core.protocols import every
from outcrop.core.records import Document, KnowledgeBase
from outcrop.store import codec, sql, tables
from outcrop.store.migrations import configuration, upgrade
from outcrop.testing.metadata import document, knowledge_base

WRITER = """
import asyncio, sys
from outcrop.store.sql import open_metadata
from outcrop.testing.metadata import document

async def main():
    store = await open_metadata(sys.argv[1])
    for number in range(10):
        async with store.transaction() as inside:
            await inside.put(document(f"{sys.argv[2]}-{number}a"))
            await inside.put(document(f"{sys.argv[2]}-{number}b"))
    await store.close()

asyncio.run(main())
"""
READER = """
import asyncio, sys
from outcrop.store.sql import open_metadata

async def main():
    store = await open_metadata(sys.argv[1])
    await store.close()

asyncio.run(main())
print(sorted({name.partition(".")[0] for name in sys.modules} & {"sqlalchemy", "alembic"}))
"""


@pytest.fixture
async def path(tmp_path):
    path = tmp_path / "outcrop.db"
    await (await sql.open_metadata(path)).close()
    return path


def test_the_head_is_the_newest_migration():
    assert ScriptDirectory.from_config(configuration()).get_current_head() == sql.HEAD


def test_the_migrations_lead_to_the_schema_of_the_records(path):
    with sa.create_engine(f"sqlite:///{path}").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    connection.engine.dispose()


def test_every_kind_of_record_has_a_table():
    named = [*vars(records).values(), *vars(work).values()]
    kinds = {kind for kind in named if isinstance(kind, type) and issubclass(kind, records.Record)}
    assert kinds - {records.Record} == set(tables.KINDS)


def test_every_indexed_attribute_is_text():
    for kind in tables.KINDS:
        hints = get_type_hints(kind)
        assert all(hints[name] in (str, str | None) or "Literal" in str(hints[name]) for name in kind.indexed)
        assert set(kind.unique) <= set(kind.indexed)


def test_a_database_that_is_up_to_date_opens_without_sqlalchemy_and_alembic(path):
    done = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_second_opening_finds_what_the_first_kept(path):
    first = await sql.open_metadata(path)
    await first.put(knowledge_base())
    await first.close()
    second = await sql.open_metadata(f"sqlite:///{path}")
    assert (await second.get(KnowledgeBase, "KB00000001")).name == "handbook"
    await second.close()


async def test_a_database_of_a_newer_version_is_refused(path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Unsupported, match="9999"):
        await sql.open_metadata(path)


async def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "outcrop.db"
    path.write_bytes(b"this is not a database, but long enough to look like one" * 100)
    with pytest.raises(OutcropError, match="damaged"):
        await sql.open_metadata(path)


async def test_a_place_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        await sql.open_metadata(tmp_path / "file" / "outcrop.db")


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://host/name"])
async def test_an_address_of_no_such_database_is_refused(address):
    with pytest.raises(Invalid):
        await sql.open_metadata(address)


async def test_processes_that_open_a_new_database_and_write_at_once_lose_nothing(tmp_path):
    path = tmp_path / "outcrop.db"
    commands = [[sys.executable, "-c", WRITER, str(path), f"p{number}"] for number in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda command: subprocess.run(command, check=True, capture_output=True), commands))
    store = await sql.open_metadata(path)
    assert len([record.id async for record in every(store, Document, None)]) == 60
    await store.close()


async def test_writing_around_ones_own_transaction_is_an_error_not_a_deadlock(path):
    store = await sql.open_metadata(path)
    async with store.transaction():
        with pytest.raises(RuntimeError, match="transaction"):
            await store.put(knowledge_base())
    await store.close()


async def test_the_store_of_a_transaction_ends_with_it(path):
    store = await sql.open_metadata(path)
    async with store.transaction() as inside:
        pass
    with pytest.raises(RuntimeError, match="ended"):
        await inside.put(knowledge_base())
    await store.close()


def test_upgrading_twice_is_as_upgrading_once(path):
    upgrade(f"sqlite:///{path}")


def test_unknown_members_of_a_newer_version_are_named():
    body = codec.dumps(knowledge_base()).replace('"name":', '"colour":"red","name":')
    with pytest.raises(codec.Undecodable, match=r"KnowledgeBase.*colour.*update"):
        codec.loads(KnowledgeBase, body, 1)


def test_missing_and_mistyped_members_are_named():
    body = codec.dumps(knowledge_base())
    with pytest.raises(codec.Undecodable, match="dimensions"):
        codec.loads(KnowledgeBase, body.replace('"dimensions":8,', ""), 1)
    with pytest.raises(codec.Undecodable, match="int"):
        codec.loads(KnowledgeBase, body.replace('"dimensions":8', '"dimensions":"8"'), 1)


def test_members_that_an_older_version_did_not_write_take_their_default():
    body = codec.dumps(document("d1")).replace('"chunks":0,', "")
    assert codec.loads(Document, body, 1).chunks == 0


def test_a_moment_without_a_time_zone_is_not_kept():
    with pytest.raises(ValueError, match="time zone"):
        codec.timestamp(datetime(2026, 1, 1))  # noqa: DTZ001 # the point of the test
