"""API keys: compared without telling how much of them is right, remembered for a moment."""

import hashlib
import hmac
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import pytest

from clipforge.v1.facts_pb2 import ApiKeySaved
from clipforge_catalog.database import Sessions
from clipforge_catalog.queries.keys import Bearer
from clipforge_gateway import auth
from clipforge_gateway.auth import FIRST_TENANT, Authenticator
from clipforge_gateway.problems import Problem


@asynccontextmanager
async def no_session() -> AsyncIterator[None]:
    yield


SESSIONS = cast(Sessions, no_session)
FIRST: Final = f"cf_{'k' * 43}"
TRIALS: Final = 300
ALIKE: Final = 2.0  # times; letters compared one by one, or a slow hash, would tell more


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Hashes that the tables were asked for; one key is known."""
    found: list[bytes] = []

    async def find(_: Any, hash_: bytes) -> Bearer | None:
        found.append(hash_)
        known = hash_ == auth.key_hash("cf_known")
        return Bearer("key_1", "ten_1", "pro", "user") if known else None

    monkeypatch.setattr("clipforge_gateway.auth.keys.find", find)
    return found


async def test_a_key_is_compared_by_its_hash_in_constant_time(
    asked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    first = Authenticator(SESSIONS, "cf_first")

    caller = await first.caller("cf_first")
    with pytest.raises(Problem):
        await first.caller("cf_firs_")

    assert (caller.tenant_id, caller.role) == (FIRST_TENANT, "admin")
    assert len(compared) == 2
    assert {len(part) for pair in compared for part in pair} == {hashlib.sha256().digest_size}
    assert b"cf_" not in b"".join(part for pair in compared for part in pair)


async def test_how_long_a_key_is_looked_at_does_not_tell_how_much_of_it_is_right(
    asked: list[bytes],
) -> None:
    """CPU time, in turn, the median of many: a busy machine makes none of them slower.

    Of a revoked key the log has told, so it is refused sooner: that is seen by whoever has all of
    it, and by nobody else.
    """
    authenticator = Authenticator(SESSIONS, FIRST)
    revoked = f"cf_{'r' * (len(FIRST) - 3)}"
    authenticator.hear(ApiKeySaved(hash=auth.key_hash(revoked), revoked=True))
    wrong = {
        "revoked": revoked,
        "revoked but for the last letter": f"{revoked[:-1]}x",
        "made up": f"cf_{'x' * (len(FIRST) - 3)}",
        "but for the first letter": f"cf_{'x' + FIRST[4:]}",
        "but for the last letter": f"{FIRST[:-1]}x",
        "known but for the last letter": "cf_know_",
    }
    took: dict[str, list[int]] = {name: [] for name in wrong}

    for _ in range(TRIALS):
        for name, key in wrong.items():
            began = time.thread_time_ns()
            with pytest.raises(Problem, match="unknown or revoked"):
                await authenticator.caller(key)
            took[name].append(time.thread_time_ns() - began)

    medians = {name: statistics.median(times) for name, times in took.items()}
    whole = medians.pop("revoked")
    assert max(medians.values()) < ALIKE * min(medians.values()), medians
    assert whole < ALIKE * min(medians.values())
    assert len(asked) == TRIALS * len(medians), "the tables are asked for each of them"


async def test_the_tables_are_asked_for_hashes_only(asked: list[bytes]) -> None:
    caller = await Authenticator(SESSIONS, None).caller("cf_known")

    assert (caller.tenant_id, caller.plan, caller.role) == ("ten_1", "pro", "user")
    assert asked == [hashlib.sha256(b"cf_known").digest()]


async def test_a_key_is_asked_for_again_when_a_moment_has_passed(
    asked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("clipforge_gateway.auth.time.monotonic", lambda: now[0])
    authenticator = Authenticator(SESSIONS, None)

    for _ in range(3):
        await authenticator.caller("cf_known")
    now[0] += auth.REMEMBER_SECONDS
    await authenticator.caller("cf_known")

    assert len(asked) == 2


async def test_keys_that_are_none_of_ours_take_no_memory(asked: list[bytes]) -> None:
    authenticator = Authenticator(SESSIONS, None)

    for n in range(20):
        with pytest.raises(Problem, match="unknown or revoked"):
            await authenticator.caller(f"cf_{n}")

    assert authenticator.remembered == 0


async def test_so_many_keys_are_remembered_and_no_more(
    asked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(_: Any, hash_: bytes) -> Bearer:
        return Bearer("key_1", "ten_1", "pro", "user")

    monkeypatch.setattr("clipforge_gateway.auth.keys.find", find)
    monkeypatch.setattr(auth, "REMEMBERED", 5)
    authenticator = Authenticator(SESSIONS, None)

    for n in range(20):
        await authenticator.caller(f"cf_{n}")

    assert authenticator.remembered == 5
