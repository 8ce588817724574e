"""Change detection, and the whole sync against a model of what it should do."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from outcrop.core.ids import derived_id
from outcrop.ingest.changes import TRANSIENT, Fingerprints, Known, change_of, vanished

PRINTS = st.builds(
    Fingerprints, content=st.sampled_from("ab"), settings=st.sampled_from("ab"), metadata=st.sampled_from("ab")
)
KNOWN = st.builds(
    Known,
    id=st.sampled_from("abcdef"),
    uri=st.sampled_from(["file:///x/a", "file:///x/y/b", "file:///x/y/z/c", "file:///xy/d"]),
    prints=PRINTS,
    status=st.sampled_from(["INDEXED", "PARTIALLY_INDEXED", "FAILED", "IGNORED"]),
    reason_code=st.sampled_from([None, "timeout", "corrupt"]),
    in_doubt=st.booleans(),
    recorded=st.booleans(),
)


@given(KNOWN, PRINTS)
def test_a_document_is_unchanged_only_if_everything_is_known_to_be_the_same(known, now):
    if change_of(known, now) == "unchanged":
        assert known.recorded
        assert not known.in_doubt
        assert known.prints == now
        assert known.status != "IGNORED"
        assert not (known.status == "FAILED" and known.reason_code in TRANSIENT)


@given(KNOWN, PRINTS)
def test_metadata_alone_is_rewritten_only_where_content_and_settings_are_the_same(known, now):
    if change_of(known, now) == "metadata":
        assert (known.prints.content, known.prints.settings) == (now.content, now.settings)
        assert known.prints.metadata != now.metadata


@given(PRINTS)
def test_what_is_not_recorded_is_new(now):
    assert change_of(None, now) == "new"
    assert change_of(Known(id="a", uri="u", prints=now, status="INDEXED", recorded=False), now) == "new"


@given(st.lists(KNOWN), st.sets(st.sampled_from("abcdef")), st.lists(st.sampled_from(["file:///x/y/", "file:///x/"])))
def test_gone_is_what_was_neither_seen_nor_hidden(known, seen, unlisted):
    gone = vanished(known, seen, unlisted)
    for one in known:
        hidden = any(one.uri.startswith(part) for part in unlisted)
        assert (one in gone) == (one.id not in seen and not hidden)


NAMES = st.sampled_from(["a.txt", "b.txt", "deep/c.txt", "deep/er/d.md", "ü e.txt", "movie.mp4"])
SENTENCES = st.sampled_from(["Pumps need oil.", "Valves need none.", "Is it so?", "\n\n", "# Title\n"])
TEXTS = st.one_of(
    st.lists(SENTENCES, max_size=8).map(" ".join),
    st.sampled_from(["FAIL corrupt", "FAIL timeout", "", "one \f \f three", "word " * 400]),
)
ATTRIBUTES = st.one_of(st.integers(0, 3), st.text(max_size=3))
METADATA = st.one_of(st.none(), st.dictionaries(st.sampled_from("kl"), ATTRIBUTES, max_size=2))


class Library(RuleBasedStateMachine):
    """Random work on a folder with syncs between; the model is a dictionary."""

    house_type: type

    def __init__(self):
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.loop = asyncio.Runner()
        self.house = self.loop.run(self.house_type(self.path).open())
        self.files = {}
        self.embedded = None

    @rule(name=NAMES, text=TEXTS, metadata=METADATA)
    def write(self, name, text, metadata):
        if name in self.files:
            self.house.remove(name)
        self.house.write(name, text, metadata)
        self.files[name] = (text, metadata or {})
        self.embedded = None

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def remove(self, data):
        name = data.draw(st.sampled_from(sorted(self.files)))
        self.house.remove(name)
        del self.files[name]
        self.embedded = None

    @precondition(lambda self: self.files)
    @rule(data=st.data(), new=NAMES)
    def rename(self, data, new):
        old = data.draw(st.sampled_from(sorted(self.files)))
        if new not in self.files:
            text, metadata = self.files.pop(old)
            self.house.remove(old)
            self.house.write(new, text, metadata or None)
            self.files[new] = (text, metadata)
            self.embedded = None

    @rule(chance=st.integers(0, 2**30))
    def lose_points(self, chance):
        ids = [derived_id(str(chance))]
        points = self.loop.run(self.house.points())
        if points:
            victim = points[chance % len(points)].chunk.document_id
            self.loop.run(self.house.store.upsert(self.house.base.index, (), sweep=[victim, *ids]))
            self.embedded = None

    @rule()
    def sync(self):
        before = self.house.embedder.embedded
        job = self.loop.run(self.house.sync(allow_empty=True))
        assert job.status == "COMPLETE"
        done = job.statistics
        assert done.scanned == len(self.files)
        outcomes = (done.indexed, done.modified, done.failed, done.ignored, done.unchanged, done.metadata_modified)
        assert sum(outcomes) == done.scanned
        if self.embedded == sorted(self.files):  # nothing was touched since the last sync
            assert self.house.embedder.embedded == before
        self.embedded = sorted(self.files)
        self.check()

    def check(self):
        documents = self.loop.run(self.house.documents())
        texts = self.loop.run(self.house.texts())
        assert set(documents) == set(self.files)
        for name, (text, metadata) in self.files.items():
            readable = name.endswith((".txt", ".md")) and text.strip() and not text.startswith("FAIL")
            assert (name in texts) == bool(readable), name
            if readable:
                assert " ".join(" ".join(texts[name]).split()) == " ".join(text.split())
            assert documents[name].metadata == metadata
        for point in self.loop.run(self.house.points()):
            name = next(one.name for one in documents.values() if one.id == point.chunk.document_id)
            assert point.metadata == self.files[name][1]
        verification = self.loop.run(self.house.verify())
        assert verification.ok, verification.problems

    @invariant()
    def an_index_is_always_there(self):
        assert self.loop.run(self.house.store.count(self.house.base.index)) >= 0

    def teardown(self):
        self.loop.close()
        shutil.rmtree(self.path)


def test_any_work_on_a_folder_ends_in_an_index_that_agrees_with_it(make_house):
    class Machine(Library):
        house_type = make_house

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    )
