"""What durable work keeps: the steps of ingestion jobs, and the workers that do them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from outcrop.core.records import Record

StepStatus = Literal["READY", "RUNNING", "REPORTED", "DONE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStep(Record):
    """Some documents of an ingestion job, which one worker does at a time; the job is done when all its steps are.

    REPORTED: done by a worker that does not lead the job, and not yet counted by the one that does.
    """

    collection: ClassVar[str] = "job_steps"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id", "data_source_id", "job_id", "status")

    knowledge_base_id: str
    data_source_id: str
    job_id: str
    items: str  # JSON, as `jobs.items` writes it
    amount: int  # of items
    status: StepStatus = "READY"
    holder: str | None = None  # the id of the worker that does it
    attempts: int = 0  # how often it was begun
    deaths: int = 0  # how often the worker that did it died
    tries: Mapping[str, int] = field(default_factory=dict)  # by address: how often it was begun with no other beside
    counts: Mapping[str, int] = field(default_factory=dict)  # by the names of Statistics
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Record):
    """A process that does the work of ingestion jobs. Its version grows every few seconds, for as long as it lives."""

    collection: ClassVar[str] = "workers"

    host: str
    process: int
