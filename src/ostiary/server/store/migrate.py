"""Bringing a store to its newest form. Parts migrate side by side (several heads), so that none waits for another's revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ostiary.core.errors import Refused
from ostiary.server.store.revisions import applied

_HERE = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Migrate. Refused when the store was written by a later ostiary, whose revisions this one does not know."""
    config = _config(connection)
    unknown = applied(connection) - {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown:
        raise Refused(
            f"the store was written by a later ostiary (it knows {', '.join(sorted(unknown))})",
            todo="run that version, or restore the store from before its upgrade",
        )
    command.upgrade(config, "heads")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
