"""Every operation of the OpenAPI document is asked for by a method of both clients.

Its example is the answer, so each example is read, too.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from clipforge_client import AsyncClient, Client
from documented_gateway import URL, DocumentedGateway, operations

OPERATIONS: Final = frozenset(one.id for one in operations())
WORDS: Final = {"op": "delete", "first": 1}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "talk.mp4"
    file.write_bytes(b"film")
    return file


METHODS: Final[Mapping[str, Callable[[Any, Path], Any]]] = {
    "createProject": lambda client, _: client.create_project(url="https://example.com/a.mp4"),
    "listProjects": lambda client, _: client.projects(),
    "getProject": lambda client, _: client.project("prj_1"),
    "deleteProject": lambda client, _: client.delete_project("prj_1"),
    "editProject": lambda client, _: client.edit_project("prj_1", title="A talk"),
    "cancelProject": lambda client, _: client.cancel_project("prj_1"),
    "listAssets": lambda client, _: client.assets(),
    "getAsset": lambda client, _: client.asset("ast_1"),
    "createUpload": lambda client, film: client.upload(film),
    "getUpload": lambda client, _: client.begun_upload("upl_1"),
    "abortUpload": lambda client, _: client.abort_upload("upl_1"),
    "listUploadParts": lambda client, _: client.upload_parts("upl_1"),
    "completeUpload": lambda client, film: client.upload(film),
    "getTranscript": lambda client, _: client.transcript("prj_1"),
    "editTranscript": lambda client, _: client.edit_transcript("prj_1", WORDS),
    "listWords": lambda client, _: client.words("prj_1"),
    "listClips": lambda client, _: client.clips("prj_1"),
    "createClip": lambda client, _: client.create_clip("prj_1", start_ms=0, end_ms=9_000),
    "getClip": lambda client, _: client.clip("clip_1"),
    "editClip": lambda client, _: client.edit_clip("clip_1", title="Queues"),
    "deleteClip": lambda client, _: client.delete_clip("clip_1"),
    "search": lambda client, _: client.search("queues"),
    "searchTranscript": lambda client, _: client.search("queues", project_id="prj_1"),
    "createExport": lambda client, _: client.create_export("clip_1", aspect="1:1"),
    "listExports": lambda client, _: client.exports(),
    "getExport": lambda client, _: client.export("exp_1"),
    "cancelExport": lambda client, _: client.cancel_export("exp_1"),
    "streamEvents": lambda client, _: client.events("prj_1", follow=False),
    "streamAllEvents": lambda client, _: client.events(follow=False),
    "createBatch": lambda client, _: client.create_batch(["clip_1"], aspects=["1:1"]),
    "getBatch": lambda client, _: client.batch("bat_1"),
    "cancelBatch": lambda client, _: client.cancel_batch("bat_1"),
    "createBrandAsset": lambda client, _: client.create_brand_asset("font", "upl_1"),
    "listBrandAssets": lambda client, _: client.brand_assets(),
    "getBrandAsset": lambda client, _: client.brand_asset("bas_1"),
    "deleteBrandAsset": lambda client, _: client.delete_brand_asset("bas_1"),
    "createBrandKit": lambda client, _: client.create_brand_kit("ours"),
    "listBrandKits": lambda client, _: client.brand_kits(),
    "getBrandKit": lambda client, _: client.brand_kit("kit_1"),
    "updateBrandKit": lambda client, _: client.update_brand_kit("kit_1", "ours"),
    "deleteBrandKit": lambda client, _: client.delete_brand_kit("kit_1"),
    "listBrandKitVersions": lambda client, _: client.brand_kit_versions("kit_1"),
    "listBuiltInStyles": lambda client, _: client.built_in_styles(),
    "createCaptionStyle": lambda client, _: client.create_caption_style("loud", "pop"),
    "listCaptionStyles": lambda client, _: client.caption_styles(),
    "getCaptionStyle": lambda client, _: client.caption_style("sty_1"),
    "updateCaptionStyle": lambda client, _: client.update_caption_style("sty_1", "loud", "pop"),
    "deleteCaptionStyle": lambda client, _: client.delete_caption_style("sty_1"),
    "listCaptionStyleVersions": lambda client, _: client.caption_style_versions("sty_1"),
    "listBuiltInPresets": lambda client, _: client.built_in_presets(),
    "createPreset": lambda client, _: client.create_preset("short"),
    "listPresets": lambda client, _: client.presets(),
    "getPreset": lambda client, _: client.preset("pst_1"),
    "updatePreset": lambda client, _: client.update_preset("pst_1", "short"),
    "deletePreset": lambda client, _: client.delete_preset("pst_1"),
    "listPresetVersions": lambda client, _: client.preset_versions("pst_1"),
    "createWebhook": lambda client, _: client.create_webhook(URL, ["project.ready"]),
    "listWebhooks": lambda client, _: client.webhooks(),
    "getWebhook": lambda client, _: client.webhook("whk_1"),
    "updateWebhook": lambda client, _: client.update_webhook("whk_1", enabled=False),
    "deleteWebhook": lambda client, _: client.delete_webhook("whk_1"),
    "rotateWebhookSecret": lambda client, _: client.rotate_webhook_secret("whk_1"),
    "testWebhook": lambda client, _: client.send_test_event("whk_1"),
    "listWebhookDeliveries": lambda client, _: client.webhook_deliveries("whk_1"),
    "getWebhookDelivery": lambda client, _: client.webhook_delivery("whk_1", "dlv_1"),
    "redeliverWebhookDelivery": lambda client, _: client.redeliver("whk_1", "dlv_1"),
    "listJobs": lambda client, _: client.jobs(),
    "listDeadLetters": lambda client, _: client.dead_letters(),
    "replayDeadLetters": lambda client, _: client.replay_all(),
    "getDeadLetter": lambda client, _: client.dead_letter("job_1"),
    "replayDeadLetter": lambda client, _: client.replay("job_1"),
    "getQueues": lambda client, _: client.queues(),
    "getQueue": lambda client, _: client.queue("transcription"),
    "getQueueTenants": lambda client, _: client.queue_tenants("transcription"),
    "pauseQueue": lambda client, _: client.pause_queue("transcription"),
    "resumeQueue": lambda client, _: client.resume_queue("transcription"),
    "getJob": lambda client, _: client.job("transcription", "job_1"),
    "getUsage": lambda client, _: client.usage(),
    "listKeys": lambda client, _: client.keys(),
    "createKey": lambda client, _: client.create_key("ci"),
    "revokeKey": lambda client, _: client.revoke_key("key_1"),
    "createTenant": lambda client, _: client.create_tenant("Film club"),
    "listTenants": lambda client, _: client.tenants(),
    "getTenant": lambda client, _: client.tenant("ten_1"),
    "editTenant": lambda client, _: client.edit_tenant("ten_1", plan="pro"),
    "createTenantKey": lambda client, _: client.create_tenant_key("ten_1", "ci"),
    "listTenantKeys": lambda client, _: client.tenant_keys("ten_1"),
    "revokeTenantKey": lambda client, _: client.revoke_tenant_key("ten_1", "key_1"),
    "listExpiring": lambda client, _: client.expiring(),
    "getRetentionBacklog": lambda client, _: client.retention_backlog(),
    "getHealth": lambda client, _: client.health(),
    "getLive": lambda client, _: client.live(),
    "getReady": lambda client, _: client.ready(),
}


def test_every_operation_has_a_method() -> None:
    assert set(METHODS) == OPERATIONS


@pytest.mark.parametrize("operation", METHODS)
def test_a_method_asks_for_its_operation_and_reads_the_example(operation: str, film: Path) -> None:
    gateway = DocumentedGateway()

    with Client(URL, transport=httpx.MockTransport(gateway)) as client:
        found = METHODS[operation](client, film)
        if hasattr(found, "__next__"):
            assert list(found)

    assert operation in gateway.asked


@pytest.mark.parametrize("operation", METHODS)
def test_its_twin_does_the_same(operation: str, film: Path) -> None:
    gateway = DocumentedGateway()

    async def ask() -> None:
        async with AsyncClient(URL, transport=httpx.MockTransport(gateway.later)) as client:
            found = METHODS[operation](client, film)
            if inspect.isawaitable(found):
                await found
            else:
                assert [one async for one in found]

    asyncio.run(ask())

    assert operation in gateway.asked
