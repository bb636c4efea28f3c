"""One well-formed fact of each kind. The golden payloads are made of these."""

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_contracts.plans import Plan

TENANT = ids.derive("ten", "sample")
PROJECT = ids.derive("prj", "sample")
EXPORT = ids.derive("exp", "sample")
CLIP = ids.derive("clip", "sample")
WEBHOOK = ids.derive("whk", "sample")
DELIVERY = ids.derive("dlv", "sample")


def project(plan: Plan = Plan.BUSINESS) -> common.ProjectRef:
    return common.ProjectRef(tenant_id=TENANT, project_id=PROJECT, plan=plan.wire)


def nobody() -> common.ProjectRef:
    return common.ProjectRef(tenant_id="_", project_id="_", plan=Plan.BUSINESS.wire)


def the_tenant() -> common.ProjectRef:
    return common.ProjectRef(tenant_id=TENANT, plan=Plan.BUSINESS.wire)


def of_no_project() -> common.ProjectRef:
    return common.ProjectRef(tenant_id=TENANT, project_id="_", plan=Plan.BUSINESS.wire)


def webhook() -> facts.WebhookSaved:
    return facts.WebhookSaved(
        project=the_tenant(),
        webhook_id=WEBHOOK,
        revision=1,
        url="https://example.com/hooks",
        events=["project.ready"],
        enabled=True,
        secrets=[facts.WebhookSecret(version=1, key_id="0badcafe")],
    )


def logo() -> common.BrandAsset:
    return common.BrandAsset(
        asset_id=ids.derive("bas", "sample"),
        kind="picture",
        key=f"tenants/{TENANT}/brand/{'45' * 32}/picture.png",
        name="logo.png",
        bytes=4_000,
        width=600,
        height=240,
    )


def options() -> common.ProjectOptions:
    return common.ProjectOptions(
        language="en",
        vocabulary=["JetStream"],
        clip_count=3,
        min_clip_ms=15_000,
        max_clip_ms=60_000,
        render=render(),
    )


def render() -> common.RenderOptions:
    return common.RenderOptions(aspect="9:16", style="pop", quality="standard")


def media() -> documents.MediaInfo:
    return documents.MediaInfo(
        duration_ms=90_000,
        bytes=12_000_000,
        container="mov,mp4,m4a,3gp,3g2,mj2",
        video_codec="h264",
        audio_codec="aac",
        width=1920,
        height=1080,
        frame_rate=29.97,
        sha256="ab" * 32,
    )


def objects() -> documents.MediaObjects:
    folder = f"tenants/{TENANT}/media/{'ab' * 32}"
    return documents.MediaObjects(
        source_key=f"{folder}/source.mp4",
        audio_key=f"{folder}/audio.flac",
        poster_key=f"{folder}/poster.jpg",
    )


def clip() -> documents.Clip:
    return documents.Clip(
        id=CLIP,
        start_ms=10_000,
        end_ms=40_000,
        score=97,
        confidence=0.21,
        title="Why queues lose work",
        reasons=["Opens with a question."],
        hashtags=["#queues"],
        factors=[documents.Factor(name="hook", value=0.9, weight=0.3)],
        text="Why do queues lose work?",
        detector="offline-1",
    )


def imported() -> facts.VideoImported:
    return facts.VideoImported(
        project=project(),
        asset_id=ids.derive("ast", "sample"),
        media=media(),
        objects=objects(),
        options=options(),
        title="A talk",
    )


def every_fact() -> list[Fact]:
    """One of each, in the order of contracts.facts.TYPES."""
    plan = documents.TranscriptionPlan(
        spans=[documents.AudioSpan(start_ms=0, end_ms=90_000)],
        plan_hash="cd" * 32,
        transcript_key=f"tenants/{TENANT}/transcripts/{'ef' * 32}.json",
        language="en",
        model="tiny.en",
        result_version=1,
    )
    record = documents.ExportRecord(
        objects=documents.ExportObjects(clip_key=f"tenants/{TENANT}/exports/{'01' * 32}/clip.mp4"),
        width=1080,
        height=1920,
        duration_ms=30_000,
        bytes=4_000_000,
        loudness_lufs=-14,
        result_version=1,
    )
    return [
        facts.ProjectSubmitted(
            project=project(),
            title="A talk",
            source=common.Source(url=common.UrlSource(url="https://example.com/talk.mp4")),
            options=options(),
        ),
        imported(),
        facts.ChunkCut(film=imported(), plan=plan, n=0),
        facts.VideoTranscribed(
            film=imported(), transcript_key=plan.transcript_key, language="en", words=300
        ),
        facts.ClipsDetected(
            project=project(),
            clips_key=f"tenants/{TENANT}/clips/{'23' * 32}.json",
            clips=[clip()],
            detector="offline-1",
        ),
        facts.ExportRequested(
            project=project(),
            export_id=EXPORT,
            clip=clip(),
            render=render(),
            media=media(),
            source_key=objects().source_key,
            transcript_key=plan.transcript_key,
        ),
        facts.ClipExported(project=project(), export_id=EXPORT, clip_id=CLIP, record=record),
        facts.StageFailed(
            project=project(),
            stage="import",
            job_id=ids.job("import", PROJECT),
            about=PROJECT,
            reason="not-a-video",
            sentence="This file is not a video.",
            attempts=1,
            cause_type="clipforge.v1.ProjectSubmitted",
            cause=b"\x0a\x00",
            cause_sequence=7,
        ),
        facts.ProjectCancelled(project=project()),
        facts.ProjectDeleted(project=project()),
        facts.ExportCancelled(project=project(), export_id=EXPORT),
        facts.ClipEdited(project=project(), clip=clip()),
        facts.BrandKitSaved(project=project(), kit_id=ids.derive("kit", "sample"), name="Ours"),
        facts.TenantSaved(
            project=common.ProjectRef(tenant_id=TENANT, plan=Plan.BUSINESS.wire), name="Sample"
        ),
        facts.ApiKeySaved(
            project=common.ProjectRef(tenant_id=TENANT, plan=Plan.BUSINESS.wire),
            key_id=ids.derive("key", "sample"),
            name="first",
            role="admin",
            hash=b"\x01" * 32,
        ),
        facts.JobReplayed(
            project=project(),
            stage="import",
            about=PROJECT,
            failed_job_id=ids.job("import", PROJECT),
            job_id=ids.job("import", PROJECT, 1),
            replay=1,
        ),
        facts.LogTrimmed(
            project=common.ProjectRef(tenant_id="_", plan=Plan.BUSINESS.wire),
            up_to_sequence=4711,
            projects=12,
        ),
        facts.ProjectExpired(project=project()),
        facts.ExportExpired(project=project(), export_id=EXPORT),
        facts.RemovalRequested(
            project=nobody(),
            removal_id=ids.derive("rmv", "sample"),
            keys=[f"tenants/{TENANT}/exports/{'01' * 32}/"],
            decided_at_ms=1_760_000_000_000,
        ),
        facts.ObjectsRemoved(
            project=nobody(), removal_id=ids.derive("rmv", "sample"), objects=5, bytes=4_000_000
        ),
        webhook(),
        facts.WebhookDeleted(project=the_tenant(), webhook_id=WEBHOOK),
        facts.WebhookDisabled(
            project=the_tenant(),
            webhook_id=WEBHOOK,
            revision=1,
            reason="gone",
            sentence="It answered 410: it wants to hear nothing more.",
        ),
        facts.WebhookDue(
            project=of_no_project(),
            delivery_id=DELIVERY,
            message_id=ids.derive("evt", "sample"),
            event="project.ready",
            body=b'{"type":"project.ready"}',
            endpoint=webhook(),
        ),
        facts.WebhookAttempted(
            project=of_no_project(),
            delivery_id=DELIVERY,
            webhook_id=WEBHOOK,
            attempt=facts.WebhookAttempt(
                n=1,
                at_ms=1_760_000_000_000,
                status=500,
                duration_ms=40,
                error="It answered 500.",
                answer="oops",
            ),
            next_at_ms=1_760_000_005_000,
        ),
        facts.WebhookDelivered(
            project=of_no_project(),
            delivery_id=DELIVERY,
            webhook_id=WEBHOOK,
            attempt=facts.WebhookAttempt(at_ms=1_760_000_000_000, status=204, duration_ms=40),
        ),
        facts.BrandAssetSubmitted(
            project=of_no_project(),
            asset_id=ids.derive("bas", "sample"),
            kind="picture",
            object_key=f"uploads/{TENANT}/{ids.derive('upl', 'sample')}/source",
            file_name="logo.png",
        ),
        facts.BrandAssetTaken(project=of_no_project(), asset=logo()),
        facts.BrandAssetDeleted(project=of_no_project(), asset_id=ids.derive("bas", "sample")),
        facts.CaptionStyleSaved(
            project=project(),
            style=common.CaptionStyle(
                style_id=ids.derive("sty", "sample"),
                version=1,
                name="Ours",
                base="boxed",
                background_colour="#102A43",
            ),
        ),
        facts.PresetSaved(
            project=project(),
            preset=common.Preset(
                preset_id=ids.derive("pst", "sample"),
                version=1,
                name="Stories",
                aspect="9:16",
                style="pop",
                quality="standard",
            ),
        ),
        facts.BatchRequested(
            project=of_no_project(), batch_id=ids.derive("bat", "sample"), export_ids=[EXPORT]
        ),
        facts.PreviewRequested(
            project=of_no_project(),
            preview_id=ids.derive("pvw", "sample"),
            style=common.CaptionStyle(base="boxed"),
        ),
        facts.PreviewRendered(
            project=of_no_project(),
            preview_id=ids.derive("pvw", "sample"),
            key=f"tenants/{TENANT}/previews/{'67' * 32}.jpg",
        ),
        facts.TranscriptEdited(
            project=project(),
            version=1,
            transcript_key=f"tenants/{TENANT}/transcripts/{'ce' * 32}.json",
            words=1200,
        ),
        facts.ProjectEdited(
            project=project(),
            version=1,
            title="A better title",
            options=options(),
            failed_stage="transcription",
        ),
    ]
