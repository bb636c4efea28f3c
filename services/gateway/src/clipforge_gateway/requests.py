"""Exports as they are asked for: each wish of a clip with all that a worker needs, in one fact."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.json_format import ParseDict

from clipforge.v1 import documents_pb2
from clipforge.v1.common_pb2 import ProjectRef, RenderOptions
from clipforge.v1.facts_pb2 import ExportCancelled, ExportRequested, Output, ProjectCancelled
from clipforge_catalog.queries import clips, exports, projects
from clipforge_catalog.tables import Asset, Clip, JobState, Project
from clipforge_contracts import ids
from clipforge_contracts.exports import export_id
from clipforge_contracts.lanes import lane_of_next
from clipforge_contracts.plans import Plan
from clipforge_contracts.validation import MAX_TOGETHER
from clipforge_gateway import rows
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import CONFLICT, GONE, NOT_FOUND, Problem
from clipforge_runtime.bus import Contradicted
from clipforge_runtime.telemetry import trace_headers

AT_ONCE: Final = 16  # facts under way to the log
OVER: Final = (JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED)


@dataclass(frozen=True)
class Source:
    """A clip that can be exported, and what was made of it before."""

    clip: Clip
    project: Project
    asset: Asset
    former: Mapping[str, str]  # states of its exports, by id
    corrected: str  # the key of its transcript, where people have corrected it; else empty

    @property
    def usual_kit(self) -> str:
        """The brand kit of its project; empty: none."""
        found: str = self.project.options.get("render", {}).get("kit", {}).get("kit_id", "")
        return found


async def sources(parts: Parts, caller: Caller, clip_ids: Sequence[str]) -> list[Source]:
    """The clips in the order of their ids. A Problem where one of them cannot be exported."""
    async with parts.sessions() as session:
        found = await clips.among(session, caller.tenant_id, clip_ids)
        owners = await projects.among(
            session, caller.tenant_id, {clip.project_id for clip in found.values()}
        )
        assets = await projects.assets(session, list(owners.values()))
        former = await exports.of_clips(session, caller.tenant_id, clip_ids)
        corrected = await projects.corrected(session, list(owners))
    for project_id in owners:
        about = {"tenant": caller.tenant_id, "project": project_id, "about": project_id}
        if await parts.log.last(ProjectCancelled, **about):
            raise Problem(
                CONFLICT, "The project of this clip was cancelled: submit the film again."
            )
    return [_source(one, found, owners, assets, former, corrected) for one in clip_ids]


def request(
    caller: Caller, source: Source, render: RenderOptions, *, group: str = ""
) -> ExportRequested:
    """The fact of one wish, its id past those that came to nothing."""
    project, asset = source.project, source.asset
    return ExportRequested(
        project=ProjectRef(
            tenant_id=caller.tenant_id, project_id=project.id, plan=Plan(project.plan).wire
        ),
        export_id=_export_id(source, render),
        clip=_clip(source.clip),
        render=render,
        media=ParseDict(asset.media, documents_pb2.MediaInfo()),
        source_key=asset.objects["source_key"],
        transcript_key=project.transcript_key or "",
        group_id=group,
    )


def in_groups(wanted: Sequence[ExportRequested], batch_id: str) -> None:
    """Tell outputs of one clip of each other, so that one decode may serve them."""
    by_clip: dict[str, list[ExportRequested]] = {}
    for fact in wanted:
        by_clip.setdefault(fact.clip.id, []).append(fact)
    for clip_id, outputs in by_clip.items():
        for n in range(0, len(outputs), MAX_TOGETHER):
            group = outputs[n : n + MAX_TOGETHER]
            if len(group) == 1:
                continue
            for fact in group:
                fact.group_id = ids.derive("bat", batch_id, clip_id, n)
                fact.together.extend(
                    Output(export_id=other.export_id, render=other.render)
                    for other in group
                    if other is not fact
                )


async def state(parts: Parts, caller: Caller, wanted: Sequence[ExportRequested]) -> None:
    """State each, once, and wait a moment for their rows."""
    if not wanted:
        return
    async with parts.submissions.of(caller.tenant_id) as submission:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(n: int, fact: ExportRequested) -> int:
            async with room:
                with contextlib.suppress(Contradicted):  # clip detection has asked for it before
                    stated = await parts.log.state(
                        fact,
                        fact_id=ids.derive("evt", fact.export_id, "requested"),
                        lane=lane_of_next(submission.lane, n),
                        headers=trace_headers(),
                        once=True,
                    )
                    return stated.sequence
            return 0

        submission.sequence = max(
            await asyncio.gather(*(one(n, fact) for n, fact in enumerate(wanted)))
        )
    await rows.caught_up(parts, submission.sequence)


async def cancel(parts: Parts, caller: Caller, export_id: str, project_id: str) -> int:
    """State that nobody wants an export any more; the sequence. Twice is no error."""
    stated = await parts.log.state(
        ExportCancelled(
            project=ProjectRef(
                tenant_id=caller.tenant_id, project_id=project_id, plan=caller.plan.wire
            ),
            export_id=export_id,
        ),
        fact_id=ids.derive("evt", export_id, "cancelled"),
        once=True,
    )
    return stated.sequence


def _source(
    clip_id: str,
    found: Mapping[str, Clip],
    owners: Mapping[str, Project],
    assets: Mapping[str, Asset],
    former: Mapping[str, str],
    corrected: Mapping[str, str],
) -> Source:
    clip = found.get(clip_id)
    project = owners.get(clip.project_id) if clip else None
    if clip is None or project is None:
        raise Problem(NOT_FOUND, f"There is no clip {clip_id}.")
    if project.expired_at is not None:
        raise Problem(GONE, "The film of this clip has expired: submit it again.")
    asset = assets.get(project.asset_id or "")
    if asset is None or project.transcript_key is None:
        raise Problem(CONFLICT, "The film of this clip is not ready.")
    return Source(clip, project, asset, former, corrected.get(project.id, ""))


def _export_id(source: Source, render: RenderOptions) -> str:
    """The same for the same wish, as clip detection derives it, past those that came to nothing."""
    for again in range(len(source.former) + 1):
        found = export_id(_clip(source.clip), render, again, said=source.corrected)
        if source.former.get(found) not in OVER:
            break
    return found


def _clip(row: Clip) -> documents_pb2.Clip:
    return documents_pb2.Clip(
        id=row.id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        score=row.score,
        title=row.title,
        text=row.text,
        detector=row.detector,
    )
