"""Every operation of the OpenAPI document is asked for by a command, but for a few with reasons."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import pytest

from documented_gateway import DocumentedGateway, operations
from scripted_gateway import Typed

COMMANDS: Final[Mapping[str, str]] = {
    "createProject": "projects create https://example.com/a.mp4",
    "listProjects": "projects list",
    "getProject": "projects show prj_1",
    "deleteProject": "projects delete prj_1",
    "editProject": "projects edit prj_1 --title Queues",
    "cancelProject": "projects cancel prj_1",
    "listAssets": "assets list",
    "getAsset": "assets show ast_1",
    "createUpload": "upload {film}",
    "getUpload": "uploads show upl_1",
    "abortUpload": "uploads abort upl_1",
    "listUploadParts": "uploads show upl_1",
    "completeUpload": "upload {film}",
    "getTranscript": "transcript prj_1 --json",
    "editTranscript": "words replace prj_1 1 queues",
    "listWords": "words list prj_1",
    "listClips": "clips prj_1",
    "createClip": "clip create prj_1 --from 0 --to 9",
    "getClip": "clip show clip_1",
    "editClip": "clip edit clip_1 --title Queues",
    "deleteClip": "clip delete clip_1",
    "search": "search queues",
    "searchTranscript": "search queues --project prj_1",
    "createExport": "export clip_1 --no-wait",
    "listExports": "exports list",
    "getExport": "exports show exp_1",
    "cancelExport": "exports cancel exp_1",
    "streamEvents": "events show prj_1",
    "createBatch": "batch clip_1 --aspect 1:1 --no-wait",
    "getBatch": "batches show bat_1",
    "cancelBatch": "batches cancel bat_1",
    "createBrandAsset": "brand create ours --logo {film}",
    "listBrandAssets": "brand files",
    "getBrandAsset": "brand create ours --logo {film}",
    "deleteBrandAsset": "brand delete-file bas_1",
    "createBrandKit": "brand create ours",
    "listBrandKits": "brand list",
    "getBrandKit": "brand show kit_1",
    "updateBrandKit": "brand edit kit_1 --captions none",
    "deleteBrandKit": "brand delete kit_1",
    "listBrandKitVersions": "brand versions kit_1",
    "listBuiltInStyles": "styles",
    "createCaptionStyle": "styles create loud --base pop --size 120",
    "listCaptionStyles": "styles",
    "getCaptionStyle": "styles show sty_1",
    "updateCaptionStyle": "styles edit sty_1 --size 120",
    "deleteCaptionStyle": "styles delete sty_1",
    "listCaptionStyleVersions": "styles versions sty_1",
    "listBuiltInPresets": "presets",
    "createPreset": "presets create short --aspect 1:1",
    "listPresets": "presets",
    "getPreset": "presets show pst_1",
    "updatePreset": "presets edit pst_1 --max 30",
    "deletePreset": "presets delete pst_1",
    "listPresetVersions": "presets versions pst_1",
    "createWebhook": "webhooks add https://example.com/hook",
    "listWebhooks": "webhooks list",
    "getWebhook": "webhooks show whk_1",
    "updateWebhook": "webhooks update whk_1 --disable",
    "deleteWebhook": "webhooks remove whk_1",
    "rotateWebhookSecret": "webhooks rotate whk_1",
    "testWebhook": "webhooks test whk_1",
    "listWebhookDeliveries": "webhooks deliveries whk_1",
    "getWebhookDelivery": "webhooks deliveries whk_1 dlv_1",
    "redeliverWebhookDelivery": "webhooks redeliver whk_1 dlv_1",
    "listJobs": "jobs",
    "listDeadLetters": "dead-letters list",
    "replayDeadLetters": "dead-letters replay --all --since 2026-01-02",
    "getDeadLetter": "dead-letters show job_1",
    "replayDeadLetter": "dead-letters replay job_1",
    "getQueues": "queues",
    "getQueue": "queues show transcription",
    "getQueueTenants": "queues tenants transcription",
    "pauseQueue": "queues pause transcription",
    "resumeQueue": "queues resume transcription",
    "getJob": "jobs show transcription job_1",
    "getUsage": "usage",
    "listKeys": "keys list",
    "createKey": "keys create ci",
    "revokeKey": "keys revoke key_1",
    "createTenant": "tenants create Acme",
    "listTenants": "tenants list",
    "getTenant": "tenants show ten_1",
    "editTenant": "tenants edit ten_1 --plan pro",
    "createTenantKey": "tenants key ten_1 ci",
    "listTenantKeys": "tenants keys ten_1",
    "revokeTenantKey": "tenants revoke ten_1 key_1",
    "listExpiring": "retention list",
    "getRetentionBacklog": "retention backlog",
    "getHealth": "health",
}
ENDLESS: Final = {"streamAllEvents": "events tail"}  # until Ctrl-C
WITHOUT: Final[Mapping[str, str]] = {
    "getLive": "a probe of Kubernetes; whoever types asks for health, which tells more",
    "getReady": "the same",
}


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that can be sent, and a home for what is remembered of it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "talk.mp4"
    file.write_bytes(b"film")
    return file


def test_every_operation_has_a_command_or_a_reason_to_have_none() -> None:
    told = [*COMMANDS, *ENDLESS, *WITHOUT]

    assert sorted(told) == sorted(one.id for one in operations())


@pytest.mark.parametrize("operation", COMMANDS)
def test_a_command_asks_for_its_operation_and_tells_the_answer(
    typed: Typed, film: Path, operation: str
) -> None:
    gateway = DocumentedGateway()

    said = typed(COMMANDS[operation].format(film=film), gateway)

    assert operation in gateway.asked
    assert said.strip()


@pytest.mark.parametrize("operation", COMMANDS)
def test_with_json_it_tells_the_same_to_programs(typed: Typed, film: Path, operation: str) -> None:
    words = COMMANDS[operation].format(film=film).removesuffix(" --json")

    said = typed(f"{words} --json", DocumentedGateway())

    assert isinstance(json.loads(said), dict | list)


@pytest.mark.parametrize("group", ["styles", "presets", "jobs", "queues"])
def test_a_group_that_lists_by_itself_understands_list(typed: Typed, group: str) -> None:
    bare, named = DocumentedGateway(), DocumentedGateway()

    assert typed(group, bare) == typed(f"{group} list", named)

    assert named.asked == bare.asked


@pytest.mark.usefixtures("naps")
@pytest.mark.parametrize("operation", ENDLESS)
def test_what_goes_on_until_ctrl_c_asks_for_its_operation(typed: Typed, operation: str) -> None:
    gateway = DocumentedGateway()

    def answer(request: httpx.Request) -> httpx.Response:
        if gateway.asked:  # taken up again, which is enough
            raise InterruptedError
        return gateway(request)

    with pytest.raises(InterruptedError):
        typed(ENDLESS[operation], answer)

    assert gateway.asked == [operation]
