"""The migrations: bring the tables to this version, or wait until somebody has."""

import time
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import OperationalError

from clipforge_catalog.database import CONNECT_SECONDS, with_driver

MIGRATIONS: Final = Path(__file__).parent / "migrations"
POLL_SECONDS: Final = 0.5


class NotMigrated(Exception):
    """The tables did not reach this version in time."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["connection"] = connection
    return made


def upgrade(url: str) -> None:
    """Bring the tables to this version. Two at once wait for each other."""
    pool = create_engine(with_driver(url), connect_args={"connect_timeout": CONNECT_SECONDS})
    with pool.connect() as connection:
        command.upgrade(config(connection), "head")
        connection.commit()
    pool.dispose()


def is_current(url: str) -> bool:
    """Whether the tables are at this version, or at a newer one."""
    scripts = ScriptDirectory.from_config(config())
    known = {script.revision for script in scripts.walk_revisions()}
    pool = create_engine(with_driver(url), connect_args={"connect_timeout": CONNECT_SECONDS})
    try:
        with pool.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            # One that is not known here was made by a newer version, which is about to take over.
            return revision is not None and (
                revision == scripts.get_current_head() or revision not in known
            )
    except OperationalError:
        return False
    finally:
        pool.dispose()


def wait(url: str, seconds: float) -> None:
    """Return once the tables are at this version. NotMigrated after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_current(url):
        if time.monotonic() > deadline:
            raise NotMigrated(
                f"The tables are not at this version after {seconds:g} s: "
                "run `python -m clipforge_projector upgrade`."
            )
        time.sleep(POLL_SECONDS)
