"""How Alembic reaches the tables: through the connection that schema.py hands over."""

from alembic import context
from sqlalchemy import text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from clipforge_catalog import tables  # noqa: F401  (registers the tables)

LOCK = 0x6D696772  # "migr": two upgrades at once wait for each other

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    # Migrations stay readable without the library that declared the columns.
    render_item=lambda kind, item, _: (
        "sa.String()" if kind == "type" and isinstance(item, AutoString) else False
    ),
)
with context.begin_transaction():
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.run_migrations()
