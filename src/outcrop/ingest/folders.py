"""Which folders of this machine a data source may read that is not made on this machine itself.

Whoever may call the API must not thereby read the whole disk.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from outcrop.core.errors import Denied, Invalid
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import DataSource
from outcrop.core.settings import Settings

FOLDERS = ("folder", "git")  # the kinds of data sources whose path is one


async def allowed_folder(given: str, settings: Settings, metadata: MetadataStore) -> str:
    """The real path of a folder that may be read: one that the settings name, one that a data source has, or below.

    Raises:
        Invalid: It is no absolute path of a folder.
        Denied: It is elsewhere; whether it is there is not told.
    """
    path = Path(given)
    if not path.is_absolute() or "\0" in given:
        raise Invalid(f"A folder is named by its absolute path; {given!r:.200} is none.")
    roots = list(settings.source_folders)
    sources = every(metadata, DataSource, None)
    roots += [
        Path(source.configuration["path"])
        async for source in sources
        if source.kind in FOLDERS and "path" in source.configuration
    ]
    return str(await asyncio.to_thread(_checked, path, roots))


async def allowed_file(given: str, settings: Settings, metadata: MetadataStore) -> str:
    """The real path of a file in a folder that may be read. Raises as `allowed_folder`."""
    path = await asyncio.to_thread(Path(given).resolve)
    folder = await allowed_folder(str(path.parent) if Path(given).is_absolute() else given, settings, metadata)
    return str(Path(folder) / path.name)


def _checked(path: Path, roots: list[Path]) -> Path:
    real, allowed = path.resolve(), {root.expanduser().resolve() for root in roots}
    if not any(real.is_relative_to(root) for root in allowed):
        listed = ", ".join(sorted(map(str, allowed))) or "none yet"
        raise Denied(
            f"This server may not read the folder {path}. Data sources may read: {listed}. "
            "Whoever runs the server allows others by the setting source_folders."
        )
    if not real.is_dir():
        raise Invalid(f"There is no folder {path}.")
    return real
