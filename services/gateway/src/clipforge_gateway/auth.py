"""Who asks: API keys and tokens, their tenants and roles. The only place where a request gets its
tenant.
"""

import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from clipforge.v1.facts_pb2 import ApiKeySaved, TenantSaved
from clipforge_catalog.database import AWAY, Sessions
from clipforge_catalog.queries import keys, tenants
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_contracts.plans import Plan
from clipforge_gateway.near import Near, Owner, Read
from clipforge_gateway.problems import UNAUTHENTICATED, Problem
from clipforge_gateway.tokens import Tokens, is_token

REMEMBERED: Final = 10_000  # keys
KEY_BYTES: Final = 1024  # of one in memory
REMEMBER_SECONDS: Final = 30.0  # should the log not tell of a change
# While the database is away a key is good for longer: the log tells of those that are revoked.
OUTAGE_SECONDS: Final = 600.0
K = TypeVar("K")
V = TypeVar("V")

FIRST_TENANT: Final = ids.derive("ten", "default")
FIRST_KEY: Final = ids.derive("key", "default")


@dataclass(frozen=True)
class Caller:
    """Whom a request speaks for."""

    tenant_id: str
    plan: Plan
    role: str

    @property
    def operates(self) -> bool:
        """Whether it may look and act across tenants: an admin of the installation's own."""
        return self.role == "admin" and self.tenant_id == FIRST_TENANT


@dataclass(frozen=True)
class _Known:
    caller: Caller
    expires: float = float("inf")  # seconds since 1970, of a token


def key_hash(key: str) -> bytes:
    """What is stored of a key: sha256, as keys have 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


class Authenticator:
    """Turns API keys and tokens into callers, with a small memory.

    Every gateway hears of revoked keys and changed tenants from the log (`hear`), before the rows
    have them: what was heard lately goes before what is read.
    """

    def __init__(
        self, sessions: Sessions, bootstrap_key: str | None, tokens: Tokens | None = None
    ) -> None:
        self._sessions = sessions
        # The first key works before the projector has written its row.
        self._bootstrap = key_hash(bootstrap_key) if bootstrap_key else None
        self._tokens = tokens
        self._known = Near("key", most_bytes=REMEMBERED * KEY_BYTES, seconds=OUTAGE_SECONDS)
        self._revoked: OrderedDict[bytes, None] = OrderedDict()
        self._plans: OrderedDict[str, Plan] = OrderedDict()  # of tenants that have changed

    @property
    def remembered(self) -> int:
        """How many keys are in memory."""
        return len(self._known)

    def is_first(self, hash_: bytes) -> bool:
        """Whether this is the key that the gateway's own settings name."""
        return self._bootstrap is not None and hmac.compare_digest(hash_, self._bootstrap)

    def hear(self, fact: Fact) -> None:
        """What the log says of keys and tenants, in its order."""
        if isinstance(fact, ApiKeySaved):
            self._known.forget(_owner(fact.hash))
            if fact.revoked:
                _remember(self._revoked, fact.hash, None)
            else:
                self._revoked.pop(fact.hash, None)
        elif isinstance(fact, TenantSaved):
            _remember(self._plans, fact.project.tenant_id, Plan.read(fact.project.plan))

    def forget(self) -> None:
        """The log was not heard for a while: rows are read anew."""
        self._known.forget_all()
        self._revoked.clear()
        self._plans.clear()

    async def caller(self, key: str) -> Caller:
        """The caller of a key or a token. A Problem where it is none of ours."""
        hash_ = key_hash(key)
        if self.is_first(hash_):
            return self._now(Caller(FIRST_TENANT, Plan.BUSINESS, "admin"))
        if hash_ in self._revoked:
            raise _unknown()
        find = partial(self._find, key, hash_)
        known = await self._known.get(_owner(hash_), "", _turn(hash_), find, or_older=AWAY)
        if known.expires <= time.time():
            self._known.forget(_owner(hash_))
            known = (await find()).value
        return self._now(known.caller)

    async def _find(self, key: str, hash_: bytes) -> Read[_Known]:
        if self._tokens is not None and is_token(key):
            bearer = await self._tokens.read(key)
            async with self._sessions() as session:
                tenant = await tenants.get(session, bearer.tenant_id)
            if tenant is None:
                raise Problem(UNAUTHENTICATED, "The tenant of this token is none of ours.")
            caller = Caller(tenant.id, Plan(tenant.plan), bearer.role)
            return Read(_Known(caller, bearer.expires), KEY_BYTES)
        async with self._sessions() as session:
            found = await keys.find(session, hash_)
        if found is None or hash_ in self._revoked:  # it may have been, meanwhile
            raise _unknown()
        caller = Caller(found.tenant_id, Plan(found.plan), found.role)
        return Read(_Known(caller), KEY_BYTES)

    def _now(self, caller: Caller) -> Caller:
        """The caller with the plan that its tenant has now."""
        plan = self._plans.get(caller.tenant_id, caller.plan)
        return caller if plan is caller.plan else Caller(caller.tenant_id, plan, caller.role)


def _owner(hash_: bytes) -> Owner:
    """Of a key whose tenant is what is asked for."""
    return "", hash_.hex()


def _turn(hash_: bytes) -> int:
    """A number that changes every REMEMBER_SECONDS, for each key at another moment."""
    return int(time.monotonic() / REMEMBER_SECONDS + hash_[0] / 256)


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)


def _unknown() -> Problem:
    return Problem(UNAUTHENTICATED, "This API key is unknown or revoked.")
