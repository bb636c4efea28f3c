"""From a POST to the death of a real ffmpeg: told at once, not found by a heartbeat."""

import asyncio
import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.pipeline import EXPORT, IMPORT, Stage
from clipforge_media import ffmpeg
from clipforge_runtime.progress import report
from gateways import House, Tenant, working
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LEASE = timedelta(hours=6)  # of which a third lies between two heartbeats
ENDLESS = ("-re", "-f", "lavfi", "-i", "color=size=64x64:rate=5", "-f", "null", "-")


@dataclass
class Endless:
    """A handler whose real ffmpeg, with a child in its group, would never end by itself."""

    script: Path
    begun: list[str] = field(default_factory=list[str])  # the projects

    def __post_init__(self) -> None:
        self.script.write_text(f'#!/bin/sh\nsleep 100000 &\n{ffmpeg.find()} "$@"\n')
        self.script.chmod(0o755)

    async def __call__(self, cause: facts.ProjectSubmitted | facts.ExportRequested) -> None:
        self.begun.append(cause.project.project_id)
        await ffmpeg.run(
            ENDLESS,
            limit=timedelta(days=1),
            on_progress=lambda seconds: report(min(seconds, 50), "encoding"),
        )

    def group(self) -> int:
        """The process group of the one that runs; 0 where it does not yet."""
        for child in psutil.Process().children():
            if str(self.script) in child.cmdline():
                return os.getpgid(child.pid)
        return 0

    @staticmethod
    def members(group: int) -> list[str]:
        """Who is left of it."""
        found: list[str] = []
        for process in psutil.process_iter(["name", "status"]):
            try:
                if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.name())
            except (ProcessLookupError, psutil.NoSuchProcess):  # it has just ended
                continue
        return found


@pytest.mark.parametrize("stage", [IMPORT, EXPORT], ids=lambda stage: stage.name)
async def test_a_cancel_kills_the_whole_group_of_a_running_ffmpeg_before_any_heartbeat(
    stage: Stage, house: House, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Endless(tmp_path / "endless-ffmpeg")
    monkeypatch.setattr(ffmpeg, "find", lambda: work.script)
    async with working(house, replace(stage, lease=LEASE), work):
        if stage is IMPORT:
            project = await house.submit(tenant)
            address = f"/v1/projects/{project}"
        else:
            film = await house.ready(tenant)
            project = film.project
            asked = await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
            address = f"/v1/exports/{asked.json()['id']}"

        async def runs() -> bool:
            group = work.group()
            return project in work.begun and bool(group) and len(work.members(group)) >= 3

        await eventually(runs)
        group = work.group()
        answer = await tenant.http.post(f"{address}/cancel")

        async def gone() -> bool:
            await asyncio.sleep(0.1)  # to look through all processes takes a while
            return not work.members(group)

        await eventually(gone)
        state = (await tenant.http.get(address, params={"wait": 30})).json()["state"]

    assert answer.status_code == 202
    assert state == "cancelled"
