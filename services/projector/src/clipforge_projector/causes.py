"""From rows back to the fact that a job waits for: what was stated can be stated again."""

from typing import Any

from google.protobuf.json_format import ParseDict
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import documents_pb2 as documents
from clipforge.v1.facts_pb2 import (
    BrandAssetSubmitted,
    ExportRequested,
    ProjectSubmitted,
    VideoImported,
    VideoTranscribed,
    WebhookDue,
    WebhookSaved,
    WebhookSecret,
)
from clipforge_catalog.tables import (
    Asset,
    BrandAsset,
    Clip,
    Export,
    Job,
    Project,
    Tenant,
    Transcript,
    Webhook,
    WebhookDelivery,
)
from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact
from clipforge_contracts.pipeline import CLIP_DETECTION, EXPORT, IMPORT, TRANSCRIPTION, WEBHOOKS
from clipforge_contracts.plans import Plan
from clipforge_contracts.webhooks import body


async def cause_of(session: AsyncSession, job: Job) -> Fact | None:
    """The fact that began the job, as the rows have it; None where they lack what it takes."""
    if job.stage == WEBHOOKS.name:
        return await _webhook_due(session, job)
    if job.project_id == subjects.NOTHING:
        return await _asset_submitted(session, job)
    project = await session.get(Project, job.project_id)
    if project is None:
        return None
    match job.stage:
        case IMPORT.name:
            return _submitted(project)
        case TRANSCRIPTION.name:
            return await _imported(session, project)
        case CLIP_DETECTION.name:
            return await _transcribed(session, project)
        case EXPORT.name:
            return await _export_requested(session, project, job.about)
    return None


def ref(project: Project) -> common.ProjectRef:
    """Whose work a fact about this project is."""
    return common.ProjectRef(
        tenant_id=project.tenant_id, project_id=project.id, plan=Plan(project.plan).wire
    )


async def ref_of(session: AsyncSession, job: Job) -> common.ProjectRef | None:
    """Whose work a job is; None where its project has been deleted."""
    project = await session.get(Project, job.project_id)
    if project is not None:
        return ref(project)
    if job.project_id != subjects.NOTHING:
        return None
    return of_no_project(job.tenant_id, await session.get(Tenant, job.tenant_id))


def of_no_project(tenant_id: str, tenant: Tenant | None) -> common.ProjectRef:
    """Whose work it is that has a tenant and no project."""
    plan = Plan(tenant.plan) if tenant else Plan.FREE
    return common.ProjectRef(tenant_id=tenant_id, project_id=subjects.NOTHING, plan=plan.wire)


def webhook_due(row: WebhookDelivery, endpoint: Webhook, tenant: Tenant | None) -> WebhookDue:
    """An event, for one endpoint as it is now."""
    whose = of_no_project(row.tenant_id, tenant)
    return WebhookDue(
        project=whose,
        delivery_id=row.id,
        message_id=row.message_id,
        event=row.event,
        body=body(row.message_id, row.event, row.happened_at, row.data),
        endpoint=WebhookSaved(
            project=common.ProjectRef(tenant_id=whose.tenant_id, plan=whose.plan),
            webhook_id=endpoint.id,
            revision=endpoint.revision,
            url=endpoint.url,
            events=endpoint.events,
            description=endpoint.description,
            enabled=endpoint.enabled,
            secrets=[ParseDict(secret, WebhookSecret()) for secret in endpoint.secrets],
        ),
        redelivery_of=row.redelivery_of,
    )


async def _webhook_due(session: AsyncSession, job: Job) -> WebhookDue | None:
    row = await session.get(WebhookDelivery, job.about)
    endpoint = await session.get(Webhook, row.webhook_id) if row is not None else None
    if row is None or endpoint is None:
        return None
    return webhook_due(row, endpoint, await session.get(Tenant, job.tenant_id))


async def _asset_submitted(session: AsyncSession, job: Job) -> BrandAssetSubmitted | None:
    asset = await session.get(BrandAsset, job.about)
    if asset is None:
        return None
    return BrandAssetSubmitted(
        project=of_no_project(asset.tenant_id, await session.get(Tenant, asset.tenant_id)),
        asset_id=asset.id,
        kind=asset.kind,
        object_key=asset.upload_key,
        file_name=asset.file_name,
    )


def _submitted(project: Project) -> ProjectSubmitted:
    return ProjectSubmitted(
        project=ref(project),
        title=project.title,
        source=ParseDict(project.source, common.Source()),
        options=_options(project),
    )


async def _imported(session: AsyncSession, project: Project) -> VideoImported | None:
    asset = await session.get(Asset, project.asset_id) if project.asset_id else None
    if asset is None:
        return None
    return VideoImported(
        project=ref(project),
        asset_id=asset.id,
        media=ParseDict(asset.media, documents.MediaInfo()),
        objects=ParseDict(asset.objects, documents.MediaObjects()),
        options=_options(project),
        title=project.title,
    )


async def _transcribed(session: AsyncSession, project: Project) -> VideoTranscribed | None:
    film = await _imported(session, project)
    transcript = await session.get(Transcript, project.id)
    if film is None or transcript is None:
        return None
    return VideoTranscribed(
        film=film,
        transcript_key=transcript.key,
        language=transcript.language,
        words=transcript.words,
        notice=transcript.notice,
    )


async def _export_requested(
    session: AsyncSession, project: Project, export_id: str
) -> ExportRequested | None:
    export = await session.get(Export, export_id)
    if export is not None and export.request:
        return ParseDict(export.request, ExportRequested())
    film = await _imported(session, project)
    clip = await session.get(Clip, export.clip_id) if export is not None else None
    if film is None or export is None or clip is None:
        return None
    return ExportRequested(
        project=film.project,
        export_id=export.id,
        clip=ParseDict(_fields(clip, documents.Clip), documents.Clip()),
        render=_render(export),
        media=film.media,
        source_key=film.objects.source_key,
        transcript_key=project.transcript_key or "",
    )


def _render(export: Export) -> common.RenderOptions:
    if export.render:
        return ParseDict(export.render, common.RenderOptions())
    return common.RenderOptions(  # asked for before there were brand kits
        aspect=export.aspect, style=export.style, quality=export.quality, height=export.height
    )


def _fields(row: Clip, shape: type[documents.Clip]) -> dict[str, Any]:
    """Of a row, what the message has a field for."""
    return {field.name: getattr(row, field.name) for field in shape.DESCRIPTOR.fields}


def _options(project: Project) -> common.ProjectOptions:
    return ParseDict(project.options, common.ProjectOptions())
