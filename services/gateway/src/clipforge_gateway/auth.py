"""Who asks: API keys, their tenants and roles. The only place where a request gets its tenant."""

import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import keys
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from clipforge_gateway.problems import UNAUTHENTICATED, Problem

REMEMBERED: Final = 10_000  # keys; some 2 MB
REMEMBER_SECONDS: Final = 30.0  # a revoked key works no longer than this
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


def key_hash(key: str) -> bytes:
    """What is stored of a key: sha256, as keys have 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


class Authenticator:
    """Turns API keys into callers, with a small memory."""

    def __init__(self, sessions: Sessions, bootstrap_key: str | None) -> None:
        self._sessions = sessions
        # The first key works before the projector has written its row.
        self._bootstrap = key_hash(bootstrap_key) if bootstrap_key else None
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    @property
    def remembered(self) -> int:
        """How many keys are in memory."""
        return len(self._known)

    def is_first(self, hash_: bytes) -> bool:
        """Whether this is the key that the gateway's own settings name."""
        return self._bootstrap is not None and hmac.compare_digest(hash_, self._bootstrap)

    def forget(self, hash_: bytes) -> None:
        """The key has been revoked. Other replicas learn it from the rows, half a minute later."""
        self._known.pop(hash_, None)

    async def caller(self, key: str) -> Caller:
        """The caller of a key. A Problem where the key is none of ours."""
        hash_ = key_hash(key)
        if self.is_first(hash_):
            return Caller(FIRST_TENANT, Plan.BUSINESS, "admin")
        remembered = self._known.get(hash_)
        if remembered and time.monotonic() - remembered[0] < REMEMBER_SECONDS:
            return remembered[1]
        async with self._sessions() as session:
            bearer = await keys.find(session, hash_)
        if bearer is None:
            self._known.pop(hash_, None)
            raise Problem(UNAUTHENTICATED, "This API key is unknown or revoked.")
        caller = Caller(bearer.tenant_id, Plan(bearer.plan), bearer.role)
        self._known[hash_] = (time.monotonic(), caller)
        self._known.move_to_end(hash_)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return caller
