"""Any history of a folder and its settings, deaths included, ends in the index that a dictionary says."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.ingest.crash import Mortal

from outcrop.core.errors import Conflict
from outcrop.core.ids import new_id
from outcrop.core.records import Chunking, DataSource, KnowledgeBase
from outcrop.ingest.sync import Options, Syncs
from outcrop.testing.fakes import TokenHashEmbedder

NAMES = st.sampled_from(["a.txt", "b.md", "deep/c.txt", "deep/er/d.txt", "e.mp4"])
PARAGRAPHS = st.lists(st.integers(0, 40), min_size=1, max_size=6)
TEXTS = st.one_of(
    PARAGRAPHS.map(lambda found: "\n\n".join(f"Pump {number} needs {number} litres of oil." for number in found)),
    st.sampled_from(["FAIL corrupt", "FAIL timeout", "FAIL encrypted"]),
)
CHUNKINGS = [Chunking(max_tokens=12), Chunking(max_tokens=30), Chunking(strategy="none")]
MODELS = {"test:small": 8, "test:large": 24}
EXAMPLES = int(os.environ.get("OUTCROP_HISTORIES", "30"))  # more of them by hand


class Died(BaseException):
    """The process ended here."""


class World(RuleBasedStateMachine):
    """The model: what the folder holds, what of it was synced, and under which settings."""

    house_type = None

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.get_loop().set_exception_handler(lambda *_: None)  # nobody asks the dead why
        self.path = Path(tempfile.mkdtemp())
        self.house = self.house_type(self.path)
        self.house.settings.embedding_model = "test:small"
        self.house.adapters.other_embedders = {name: TokenHashEmbedder(size) for name, size in MODELS.items()}
        self.run(self.house.open(CHUNKINGS[0]))
        self.files = {}  # name: (text, plain metadata, metadata that is embedded)
        self.synced = {}  # as `files`, at the last sync that nothing disturbed
        self.made_with = None  # the settings then
        self.parser, self.chunking, self.precision, self.model = 1, CHUNKINGS[0], "auto", "test:small"
        self.disturbed = False

    def run(self, waiting):
        return self.runner.run(waiting)

    def cutting(self):
        return (self.parser, self.chunking, self.model)

    def costs(self):
        embedders = self.house.adapters.other_embedders.values()
        return self.house.reader.reads, sum(one.embedded for one in embedders)

    @rule(name=NAMES, text=TEXTS)
    def write(self, name, text):
        _, plain, embedded = self.files.get(name, ("", 0, 0))
        self.files[name] = (text, plain, embedded)
        self.put(name)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), plain=st.integers(0, 3), embedded=st.integers(0, 2))
    def describe(self, data, plain, embedded):
        name = data.draw(st.sampled_from(sorted(self.files)))
        self.files[name] = (self.files[name][0], plain, embedded)
        self.put(name)

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def delete(self, data):
        name = data.draw(st.sampled_from(sorted(self.files)))
        del self.files[name]
        self.house.remove(name)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), new=NAMES)
    def rename(self, data, new):
        old = data.draw(st.sampled_from(sorted(self.files)))
        if new not in self.files:
            self.files[new] = self.files.pop(old)
            self.house.remove(old)
            self.put(new)

    @rule(chunking=st.sampled_from(CHUNKINGS))
    def cut_otherwise(self, chunking):
        self.chunking = chunking
        source = self.run(self.house.metadata.get(DataSource, self.house.source.id))
        self.run(self.house.metadata.put(replace(source, chunking=chunking)))

    @rule(parser=st.integers(1, 2))
    def read_otherwise(self, parser):
        self.parser = parser
        self.house.reader.parser_version = f"plain/{parser}"

    @rule(precision=st.sampled_from(["auto", "fp32"]))
    def embed_otherwise(self, precision):
        self.precision = self.house.settings.embedding_precision = precision

    @rule(model=st.sampled_from(sorted(MODELS)))
    def embed_by_another_model(self, model):
        try:
            self.run(self.house.bases.rebuild(self.base(), model))
        except Conflict:  # another model was asked for, and is not done
            return
        self.model = model

    @rule()
    def sync(self):
        before = self.costs()
        job = self.run(self.house.sync(allow_empty=True, allow_deletions=True))
        assert job.status == "COMPLETE", job.failure_reasons
        parsed, embedded = (now - then for now, then in zip(self.costs(), before, strict=True))
        if not self.disturbed:
            self.check_costs(job.statistics, parsed, embedded)
        self.synced, self.disturbed = dict(self.files), False
        self.made_with = (*self.cutting(), self.precision)
        self.check()

    @rule(writes=st.integers(1, 70))
    def die(self, writes):
        """A sync ends at a write; nothing of what its process still does counts."""
        only_settings = self.made_with is not None and self.files == self.synced and not self.disturbed
        before = self.run(self.held()) if only_settings else None
        serving = self.base().index
        finished = self.run(self.mortal_sync(writes))
        self.disturbed = True
        if before is not None and not finished and self.base().index == serving:
            assert self.run(self.held()) == before  # no part of an index of other settings is ever searched

    @precondition(lambda self: self.files)
    @rule(chunking=st.sampled_from(CHUNKINGS), precision=st.sampled_from(["auto", "fp32"]), writes=st.integers(6, 60))
    def change_settings_and_die(self, chunking, precision, writes):
        self.sync()
        self.cut_otherwise(chunking)
        self.embed_otherwise(precision)
        self.die(writes)

    def check_costs(self, done, parsed, embedded):
        """What was read and embedded is what had to be."""
        recut = self.made_with is None or self.cutting() != self.made_with[:3]
        must = {
            name
            for name, (text, _, attribute) in self.files.items()
            if not name.endswith(".mp4")
            and (
                recut
                or name not in self.synced
                or (text, attribute) != (self.synced[name][0], self.synced[name][2])
                or text == "FAIL timeout"
            )
        }
        assert parsed == done.parsed == len(must), must
        assert done.scanned == len(self.files)
        gone = set(self.synced) - set(self.files)
        assert done.deleted == len(gone)
        same_vectors = self.made_with is not None and self.made_with[3] == self.precision
        if not must and same_vectors:
            assert embedded == 0
        described = {name for name in self.files if name in self.synced and name not in must}
        changed = {name for name in described if self.files[name][1] != self.synced[name][1]}
        if same_vectors:
            searched = {name for name in changed if not name.endswith(".mp4")}
            assert done.metadata_modified == len(searched)

    def check(self):
        documents = self.run(self.house.documents())
        texts = self.run(self.house.texts())
        assert set(documents) == set(self.files)
        for name, (text, plain, attribute) in self.files.items():
            readable = not name.endswith(".mp4") and not text.startswith("FAIL")
            assert (name in texts) == readable, name
            if readable:
                assert " ".join(" ".join(texts[name]).split()) == " ".join(text.split())
            expected = {**({"plain": plain} if plain else {}), **({"maker": f"M{attribute}"} if attribute else {})}
            assert documents[name].metadata == expected, name
        points = self.run(self.house.points())
        assert {point.vector.size for point in points} <= {self.base().dimensions}
        assert self.base().embedding_model == self.model
        assert max(Counter(point.chunk.id for point in points).values(), default=1) == 1
        verification = self.run(self.house.verify())
        assert verification.ok, verification.problems
        assert list(self.house.store._indexes) == [self.base().index]

    def put(self, name):
        text, plain, attribute = self.files[name]
        attributes = {"plain": plain} if plain else {}
        if attribute:
            value = {"type": "STRING", "stringValue": f"M{attribute}"}
            attributes["maker"] = {"value": value, "includeForEmbedding": True}
        if name in self.files and (self.house.folder / name).exists():
            self.house.remove(name)
        self.house.write(name, text, attributes or None)

    def base(self):
        return self.run(self.house.metadata.get(KnowledgeBase, self.house.base.id))

    async def held(self):
        return sorted((one.chunk.id, one.vector.tobytes()) for one in await self.house.points())

    async def mortal_sync(self, writes):
        """A sync by a process that dies at a write; whether it was done before."""
        house, left = self.house, [writes]

        def countdown():
            left[0] -= 1
            if left[0] <= 0:
                raise Died

        adapters = replace(house.adapters, stores={"embedded": Mortal(house.store, countdown)})
        syncs = Syncs(Mortal(house.metadata, countdown), adapters, house.settings, house.syncs._clock, new_id)
        try:
            await syncs.run(house.base, house.source, None, Options(allow_empty=True, allow_deletions=True))
        except (Died, BaseExceptionGroup):
            lock = syncs.presence._lock
            if lock is not None:  # the system lets go of what the dead held
                lock.release()
            return False
        return left[0] > 0

    def teardown(self):
        self.runner.close()
        shutil.rmtree(self.path)


def test_any_history_ends_in_the_index_that_the_model_says_at_the_cost_that_it_must(make_house):
    class Machine(World):
        house_type = make_house

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
