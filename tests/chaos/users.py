"""The users of a round: each submits a film, asks again until it is accepted, and wants more."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from psycopg import AsyncConnection

from chaos import results
from chaos.evidence import Asked
from chaos.house import KEY, House
from chaos.requests import Request
from clipforge_contracts.webhooks import EVENTS

TIMEOUT: Final = httpx.Timeout(5, read=30)
AGAIN_SECONDS: Final = 0.3
IN_PROGRESS: Final = "/problems/request-in-progress"
LOOK_SECONDS: Final = 0.3
OVER: Final = ("ready", "failed", "cancelled")


@dataclass
class Users:
    """What they have asked for, and what they were promised."""

    house: House
    requests: list[Request]
    accepted: set[str] = field(default_factory=set)
    cancels: set[str] = field(default_factory=set)
    cancels_accepted: set[str] = field(default_factory=set)
    exports: set[str] = field(default_factory=set)
    exports_accepted: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)  # of projects, as rows have them

    @property
    def asked(self) -> Asked:
        return Asked(
            requests=tuple(self.requests),
            accepted=frozenset(self.accepted),
            cancels=frozenset(self.cancels),
            cancels_accepted=frozenset(self.cancels_accepted),
            exports=frozenset(self.exports),
            exports_accepted=frozenset(self.exports_accepted),
            strangers=frozenset(self.house.strangers),
            listening=True,
        )

    async def subscribe(self) -> None:
        """Have all events sent to their endpoint."""
        async with httpx.AsyncClient(base_url=self.house.url, timeout=TIMEOUT) as client:
            answer = await client.post(
                "/v1/webhooks",
                json={"url": self.house.endpoint, "events": list(EVENTS)},
                headers={"Authorization": f"Bearer {KEY}"},
            )
            assert answer.status_code == 201, answer.text

    async def live(self) -> None:
        """Return when each has been promised what they want."""
        headers = {"Authorization": f"Bearer {KEY}"}
        limits = httpx.Limits(max_connections=50)
        async with (
            httpx.AsyncClient(
                base_url=self.house.url, headers=headers, timeout=TIMEOUT, limits=limits
            ) as client,
            self._looking(),
            asyncio.TaskGroup() as everybody,
        ):
            for request in self.requests:
                everybody.create_task(self._live_one(client, request))

    @contextlib.asynccontextmanager
    async def _looking(self) -> Any:
        """Keep `states` true: one query for all is cheaper than each user's polling."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(OSError, Exception):
                async with await AsyncConnection.connect(self.house.database) as connection:
                    while True:
                        rows = await connection.execute("SELECT id, state FROM projects")
                        self.states = dict(await rows.fetchall())
                        await connection.rollback()
                        await asyncio.sleep(LOOK_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def _live_one(self, client: httpx.AsyncClient, request: Request) -> None:
        await asyncio.sleep(request.at)
        body = {
            "source": {"type": "url", "url": request.url},
            "title": request.title,
            "options": {"language": "en"},
        }
        keyed = {"Idempotency-Key": request.key}
        await asyncio.gather(
            *(
                self._until_accepted(client, "/v1/projects", body, keyed)
                for _ in range(request.sent)
            )
        )
        self.accepted.add(request.project)
        if request.cancelled is not None:
            await asyncio.sleep(request.cancelled)
            self.cancels.add(request.project)
            if await self._until_accepted(client, f"/v1/projects/{request.project}/cancel"):
                self.cancels_accepted.add(request.project)
        elif request.export:
            while self.states.get(request.project) not in OVER:  # noqa: ASYNC110  (rows are dumb)
                await asyncio.sleep(LOOK_SECONDS)
            if self.states[request.project] == "ready":
                self.exports.add(request.project)
                wanted = {"clip_id": results.clip_id(request.project), **results.RENDER}
                if await self._until_accepted(client, "/v1/exports", wanted):
                    self.exports_accepted.add(request.project)

    async def _until_accepted(
        self,
        client: httpx.AsyncClient,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> bool:
        """Ask until the answer is 202: True, or a conflict: it is too late for that.

        Whoever gets no answer does not know, and asks again.
        """
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await client.post(path, json=body, headers=headers)
                if answer.status_code == 202:
                    return True
                again = answer.status_code >= 500 or answer.status_code == 429
                if answer.status_code == 409:
                    # Where the key's first request died, its claim is taken over after a minute.
                    again = answer.json()["type"] == IN_PROGRESS
                    if not again:
                        return False
                assert again, f"{path}: {answer.text}"
            await asyncio.sleep(AGAIN_SECONDS)
