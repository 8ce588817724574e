"""Makes the schema, and brings an older one up to date, with Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from filelock import FileLock

from outcrop.core.errors import Unavailable


class UnknownRevision(Exception):
    """The database has a revision that is not among the migrations."""


def upgrade(url: str) -> None:
    """Run every migration that the database lacks; one process at a time.

    Raises:
        UnknownRevision: The database is newer than the migrations.
        Unavailable: It cannot be opened or written.
    """
    engine = sa.create_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            path = Path(str(engine.url.database))
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_name(f"{path.name}.lock")):
                _run(engine) if path.exists() else _make(path)
        else:
            _run(engine)
    except CommandError as error:
        raise UnknownRevision from error
    except (OSError, sa.exc.DBAPIError) as error:
        raise Unavailable(f"The metadata database cannot be made: {error}") from error
    finally:
        engine.dispose()


def configuration() -> Config:
    """Where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _make(path: Path) -> None:
    """Make a new SQLite database beside its place and put it there whole: SQLite's DDL is not in the transaction here.

    A process that is killed meanwhile leaves nothing that passes for a database.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{new}")
    try:
        _run(engine)
    finally:
        engine.dispose()
    new.replace(path)


def _run(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # held until the transaction ends; the number is only ours
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7217001)"))
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
