"""Files that were uploaded: kept by themselves, to be put into knowledge bases or shown to models."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Sequence

from outcrop.core.clock import Clock
from outcrop.core.errors import Invalid, NotFound
from outcrop.core.ids import ALPHABET
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import Upload
from outcrop.core.settings import Settings
from outcrop.ingest.deposits import Keeping

ID_LENGTH = 24
MAX_NAME = 255  # characters
MIB = 1 << 20
UNKNOWN_TYPE = "application/octet-stream"


class Uploads:
    """The uploaded files of one Outcrop: as its knowledge bases, they are everybody's who has a key."""

    def __init__(self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock) -> None:
        self._metadata = metadata
        self._blobs = adapters.blobs()
        self._keeping = Keeping(metadata, self._blobs, settings.data)
        self._limit = settings.max_file_mb
        self._clock = clock

    async def create(self, name: str, content: bytes, purpose: str, media_type: str | None = None) -> Upload:
        """Keep a file. Raises Invalid for one without a name or content, or one that is too large."""
        name = name.replace("\\", "/").rpartition("/")[2]  # some clients send a whole path
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
            raise Invalid(f"A file is named with 1 to {MAX_NAME} printable characters.")
        if not content:
            raise Invalid("The file is empty.")
        if len(content) > self._limit * MIB:
            raise Invalid(f"The file is larger than {self._limit} MiB (the setting max_file_mb).")
        now = self._clock()
        async with self._keeping.keep(content) as key:
            upload = Upload(
                id="file-" + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH)),
                created_at=now,
                updated_at=now,
                name=name,
                purpose=purpose,
                blob=key,
                size=len(content),
                media_type=_media_type(name, media_type),
            )
            return await self._metadata.put(upload, expect=0)

    async def get(self, id: str) -> Upload:
        """The file. Raises NotFound."""
        try:
            return await self._metadata.get(Upload, id)
        except NotFound:
            raise NotFound(f"There is no file {id!r:.100}.") from None

    async def content(self, upload: Upload) -> bytes:
        """What is in a file. Raises NotFound where it was deleted meanwhile."""
        return await self._blobs.read(upload.blob)

    async def list(self) -> Sequence[Upload]:
        """Every file, oldest first."""
        return [upload async for upload in every(self._metadata, Upload, None)]

    async def delete(self, id: str) -> None:
        """Remove a file; what was made of it in knowledge bases stays. Raises NotFound."""
        upload = await self.get(id)
        await self._metadata.delete(Upload, id)
        await self._keeping.release(upload.blob)


def _media_type(name: str, declared: str | None) -> str:
    """The declared type, where it says something; else the one of the name's extension."""
    plain = (declared or "").partition(";")[0].strip().lower()
    return plain if plain not in {"", UNKNOWN_TYPE} else mimetypes.guess_type(name)[0] or UNKNOWN_TYPE
