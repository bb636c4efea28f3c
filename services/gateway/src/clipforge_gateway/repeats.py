"""Requests under an Idempotency-Key: begun once over all replicas, their answers kept for a day.

A key is claimed before the work and has its answer after it, each by one compare-and-set. Where a
process dies between the two, the claim is taken over after CLAIM_SECONDS and the work is done
anew: its ids follow from the key, so it is the same work.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

from clipforge_contracts import ids
from clipforge_contracts.ids import Prefix
from clipforge_gateway.problems import IN_PROGRESS, KEY_REUSED, Problem
from clipforge_runtime.bus import Record, Shared, Unavailable

log = logging.getLogger(__name__)

CLAIM_SECONDS: Final = 60.0  # longer than any POST takes: a fact is confirmed or not within 20 s
WAIT_SECONDS: Final = 15.0  # for whoever has the same key in hand
PAUSES: Final = (0.02, 0.05, 0.1, 0.25)  # seconds between two looks; the last one repeats
Left = Literal["", "secret", "links", "long"]


@dataclass(frozen=True)
class Kept:
    """An answer that is given again."""

    status: int
    headers: Mapping[str, str]
    body: str
    left_out: Left = ""  # why the body is not kept


@dataclass(frozen=True)
class Claim:
    """The right to do what a key is for, and to say its answer."""

    name: str
    fingerprint: str
    sequence: int


@dataclass(frozen=True)
class Seed:
    """Where the ids come from of what a request makes: the same for the same key of a tenant."""

    text: str = ""  # empty: there is no key

    def id(self, prefix: Prefix, *parts: str | int) -> str:
        """A new id, or the one that follows from the key."""
        return ids.derive(prefix, self.text, *parts) if self.text else ids.new(prefix)


class Repeats:
    """What is known of keys, over all replicas."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def begin(self, name: str, fingerprint: str) -> Claim | Kept:
        """The claim, or the answer that was given. A Problem: another request has the key.

        `name` is whose key it is, and `fingerprint` what it is used for.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        record, looks = Record(), 0  # most keys are new: it is tried before it is read
        while True:
            known = _parse(record)
            if known is not None and known[0] != fingerprint:
                raise Problem(KEY_REUSED, "Use a new Idempotency-Key for another request.")
            if known is not None and known[2] is not None:
                return known[2]
            if known is None or time.time() - known[1] > CLAIM_SECONDS:
                body = _written(fingerprint, None)
                claimed = await self._shared.write_record(name, body, after=record.sequence)
                if claimed is not None:
                    return Claim(name, fingerprint, claimed)
            else:
                if loop.time() > deadline:
                    raise Problem(
                        IN_PROGRESS,
                        "The first request with this Idempotency-Key is still at work: send it "
                        "again in a moment.",
                    )
                await asyncio.sleep(PAUSES[min(looks, len(PAUSES) - 1)])  # nothing announces it
                looks += 1
            record = await self._shared.read_record(name)

    async def finish(self, claim: Claim, answer: Kept) -> None:
        """Keep the answer. Without the log it is not kept: then the work is done anew."""
        await self._write(claim, _written(claim.fingerprint, answer))

    async def release(self, claim: Claim) -> None:
        """Nothing came of it: the next request with this key begins anew."""
        await self._write(claim, b"")

    async def _write(self, claim: Claim, body: bytes) -> None:
        with contextlib.suppress(Unavailable):
            if await self._shared.write_record(claim.name, body, after=claim.sequence) is not None:
                return
        log.warning("the answer under an Idempotency-Key is not kept")


def _written(fingerprint: str, answer: Kept | None) -> bytes:
    known = {"fingerprint": fingerprint, "at": time.time()}
    return json.dumps({**known, "answer": asdict(answer) if answer else None}).encode()


def _parse(record: Record) -> tuple[str, float, Kept | None] | None:
    """Fingerprint, when it was written, and the answer."""
    if not record.body:
        return None
    known = json.loads(record.body)
    answer = known["answer"]
    return known["fingerprint"], known["at"], Kept(**answer) if answer else None
