"""Every row there is, to be compared."""

from typing import Any

from sqlmodel import SQLModel

from clipforge_catalog.database import Sessions


async def dump(sessions: Sessions) -> dict[str, list[Any]]:
    """The rows of every table, by its name, in one order."""
    async with sessions() as session:
        connection = await session.connection()
        return {
            table.name: sorted(map(repr, (await connection.execute(table.select())).all()))
            for table in SQLModel.metadata.sorted_tables
        }
