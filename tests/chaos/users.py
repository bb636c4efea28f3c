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
from chaos.requests import CALLERS, FREE_KEYED, FREE_TENANT, Request
from clipforge_contracts.plans import Plan
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
    keys: dict[Plan, str] = field(default_factory=lambda: {Plan.BUSINESS: KEY})

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

    async def move_in(self) -> None:
        """Be two tenants, and have all events of both sent to one endpoint."""
        async with httpx.AsyncClient(base_url=self.house.url, timeout=TIMEOUT) as client:

            async def made(path: str, body: object, plan: Plan, **headers: str) -> Any:
                headers |= {"Authorization": f"Bearer {self.keys[plan]}"}
                answer = await client.post(path, json=body, headers=headers)
                assert answer.status_code == 201, answer.text
                return answer.json()

            free = {"name": "free", "plan": Plan.FREE}
            keyed = {"Idempotency-Key": FREE_KEYED}
            await made("/v1/tenants", free, Plan.BUSINESS, **keyed)
            key = {"name": "theirs", "role": CALLERS[Plan.FREE].role}
            new = await made(f"/v1/tenants/{FREE_TENANT}/keys", key, Plan.BUSINESS)
            self.keys[Plan.FREE] = new["key"]
            for plan in self.keys:
                wanted = {"url": self.house.endpoint, "events": list(EVENTS)}
                await made("/v1/webhooks", wanted, plan)

    async def live(self) -> None:
        """Return when each has been promised what they want."""
        limits = httpx.Limits(max_connections=50)
        async with (
            httpx.AsyncClient(base_url=self.house.url, timeout=TIMEOUT, limits=limits) as client,
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
        whose = {"Authorization": f"Bearer {self.keys[request.plan]}"}
        keyed = {**whose, "Idempotency-Key": request.key}
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
            cancel = f"/v1/projects/{request.project}/cancel"
            if await self._until_accepted(client, cancel, None, whose):
                self.cancels_accepted.add(request.project)
        elif request.export:
            while self.states.get(request.project) not in OVER:  # noqa: ASYNC110  (rows are dumb)
                await asyncio.sleep(LOOK_SECONDS)
            if self.states[request.project] == "ready":
                self.exports.add(request.project)
                wanted = {"clip_id": results.clip_id(request.project), **results.RENDER}
                if await self._until_accepted(client, "/v1/exports", wanted, whose):
                    self.exports_accepted.add(request.project)

    async def _until_accepted(
        self,
        client: httpx.AsyncClient,
        path: str,
        body: object,
        headers: dict[str, str],
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
