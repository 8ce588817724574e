"""What the surfaces are given: every service of one Outcrop."""

from __future__ import annotations

from dataclasses import dataclass

from outcrop.access.console import ConsoleTokens
from outcrop.access.keys import Keys
from outcrop.access.links import Links
from outcrop.access.tags import TagStore
from outcrop.answer.service import Answers
from outcrop.core.protocols import Adapters, MetadataStore, Models
from outcrop.core.settings import Settings
from outcrop.ingest.attachments import Attachments
from outcrop.ingest.direct import Direct
from outcrop.ingest.jobs import Jobs
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.store_labels import StoreLabels
from outcrop.ingest.sync import Syncs
from outcrop.ingest.uploads import Uploads
from outcrop.ingest.verify import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services, wired by `outcrop.app`."""

    settings: Settings
    metadata: MetadataStore
    adapters: Adapters
    knowledge_bases: KnowledgeBases
    syncs: Syncs
    direct: Direct
    uploads: Uploads
    attachments: Attachments
    store_labels: StoreLabels
    jobs: Jobs
    verifier: Verifier
    answers: Answers
    models: Models
    keys: Keys
    links: Links
    tags: TagStore
    console: ConsoleTokens
