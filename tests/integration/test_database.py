"""Connections to the database: none that has died is used, and who only reads begins nothing."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog import database
from clipforge_catalog.database import Sessions, in_transaction, open_database, reading

pytestmark = pytest.mark.integration

ME = "SELECT pg_backend_pid()"
A_TENANT = "INSERT INTO tenants (id, name, plan) VALUES ('ten_1', 'one', 'free')"
RENAMED = "UPDATE tenants SET name = 'two' WHERE id = 'ten_1'"


async def asked(session: AsyncSession, statement: str, **values: object) -> object:
    return (await (await session.connection()).execute(text(statement), values)).scalar_one()


async def one_killed(sessions: Sessions, one: Sessions) -> None:
    """The only connection of a pool dies while nobody uses it."""
    async with one() as session:
        killed = await asked(session, ME)
    async with sessions() as session:
        await asked(session, "SELECT pg_terminate_backend(:pid, 10000)", pid=killed)


async def test_a_connection_that_died_while_nobody_used_it_is_not_used(
    database_url: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
    async with open_database(database_url, pool_size=1) as one:
        await one_killed(sessions, reading(one))

        async with reading(one)() as session:
            assert await asked(session, "SELECT 1") == 1


async def test_one_that_died_just_after_its_use_fails_once(
    database_url: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 3600.0)
    async with open_database(database_url, pool_size=1) as one:
        await one_killed(sessions, one)

        with pytest.raises(OperationalError):
            async with one() as session:
                await asked(session, ME)
        async with one() as session:
            assert await asked(session, "SELECT 1") == 1


async def test_who_reads_begins_no_transaction_unless_told_so(sessions: Sessions) -> None:
    async with reading(sessions)() as session:
        apart = {await asked(session, "SELECT now()") for _ in range(3)}
    async with reading(sessions)() as session:
        await in_transaction(session)
        together = {await asked(session, "SELECT now()") for _ in range(3)}
        await (await session.connection()).execute(text("SET LOCAL enable_seqscan = off"))
        within = await asked(session, "SHOW enable_seqscan")
    async with reading(sessions)() as session:
        after = await asked(session, "SHOW enable_seqscan")

    assert len(apart) == 3
    assert len(together) == 1
    assert (within, after) == ("off", "on")


async def test_whoever_has_gone_in_a_transaction_keeps_its_rows_for_moments_only(
    database_url: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database._SESSION, "idle_in_transaction_session_timeout", 300)
    async with sessions.begin() as session:
        await (await session.connection()).execute(text(A_TENANT))

    async with open_database(database_url, pool_size=1) as one, one() as gone:
        await asked(gone, f"{RENAMED} RETURNING 1")
        async with sessions.begin() as session:  # waits for the row, at most for a statement's time
            changed = await asked(session, f"{RENAMED} RETURNING 1")
        with pytest.raises(DBAPIError):
            await asked(gone, ME)

    assert changed == 1


async def test_the_server_asks_whether_a_client_is_still_there(sessions: Sessions) -> None:
    async with reading(sessions)() as session:
        port = await asked(session, "SELECT inet_server_port()")
        idle = await asked(session, "SHOW tcp_keepalives_idle")

    assert port  # by TCP, or there would be nothing to ask
    assert idle == "10"
