"""The SDK and the command at a real gateway: edits by tags, the guide to editing, every other call.

Facts of stages are told by the test, as no worker runs here.
"""

import os
import re
import shutil
import sys
from asyncio import create_subprocess_exec, subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from clipforge.v1 import documents_pb2 as documents
from clipforge_client import AsyncClient, Changed, ClientError, Conflict, NotFound, Upload
from clipforge_contracts import ids
from clipforge_contracts.documents import to_json
from clipforge_contracts.pipeline import BY_QUEUE
from gateways import Film, House, Tenant
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

GUIDE: Final = Path(__file__).parents[2] / "docs/guides/editing.md"
BLOCK: Final = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What the guide uses `jq` for, where it is not installed.
JQ: Final = """#!/bin/sh
exec "{python}" -c 'import json, sys
found = json.load(sys.stdin)
print(found["etag"] if sys.argv[2] == ".etag" else found[0]["id"])' "$@"
"""
SHELL: Final = ("bash", "-euo", "pipefail", "-c")
WORD_MS: Final = 400
numbers = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sdk(house: House, tenant: Tenant) -> AsyncIterator[AsyncClient]:
    """The tenant's client."""
    async with AsyncClient(house.url, tenant.key) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def operator(house: House) -> AsyncIterator[AsyncClient]:
    """Whoever has the first key of the installation."""
    key = house.settings.bootstrap_api_key
    assert key is not None
    async with AsyncClient(house.url, key.get_secret_value()) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def film(house: House, tenant: Tenant) -> Film:
    """The tenant's film."""
    return await taken_in(house, tenant)


async def taken_in(house: House, tenant: Tenant) -> Film:
    """A film of 90 s with a clip, and 200 words, a word each 0.4 s."""
    film = Film(tenant, await house.submit(tenant, title="Queues"))
    said = ["cues" if n == 130 else f"word{n}" for n in range(200)]
    words = [
        documents.Word(text=text, start_ms=WORD_MS * n, end_ms=WORD_MS * (n + 1), confidence=0.9)
        for n, text in enumerate(said)
    ]
    segment = documents.Segment(text=" ".join(said), start_ms=0, end_ms=80_000, words=words)
    transcript = documents.Transcript(
        language="en", duration_ms=90_000, segments=[segment], engine="scripted", result_version=1
    )
    await house.parts.store.write(
        film.transcript_key, to_json(transcript), content_type="application/json"
    )
    for fact in film.life():
        await house.tell(fact)
    await house.caught_up()
    return film


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is read and edited, each edit another one."""

    read: Callable[[AsyncClient, Film], Awaitable[Any]]
    edit: Callable[[AsyncClient, Any], Awaitable[Any]]


def named() -> str:
    return f"name {next(numbers)}"


async def _corrected(sdk: AsyncClient, read: Any) -> Any:
    """By a word that was listed, or the version that a correction has made."""
    told = {"op": "replace", "first": 5, "text": f"word{next(numbers)}x"}
    if hasattr(read, "project_id"):
        return await sdk.edit_transcript(read, told)
    return await sdk.edit_transcript(read.of, told, if_match=read.etag)


@dataclass(frozen=True)
class Listed:
    """A word, and the project of which it is."""

    of: str
    etag: str


async def _word(sdk: AsyncClient, film: Film) -> Listed:
    words = [word async for word in sdk.words(film.project)]
    assert len({word.etag for word in words}) == 1, "two pages of one version"
    return Listed(film.project, words[-1].etag)


async def _kit(sdk: AsyncClient, _: Film) -> Any:
    return await sdk.brand_kit((await sdk.create_brand_kit("ours", idempotency_key="kit")).id)


async def _style(sdk: AsyncClient, _: Film) -> Any:
    made = await sdk.create_caption_style("loud", "pop", idempotency_key="style")
    return await sdk.caption_style(made.id)


async def _preset(sdk: AsyncClient, _: Film) -> Any:
    return await sdk.preset((await sdk.create_preset("short", idempotency_key="preset")).id)


async def _webhook(sdk: AsyncClient, _: Film) -> Any:
    found = [one async for one in sdk.webhooks()]
    one = found[0] if found else await sdk.create_webhook(HOOK, ["project.ready"])
    return await sdk.webhook(one.id)


HOOK: Final = "https://example.com/hook"
KINDS: Final = {
    "project": Kind(
        lambda sdk, film: sdk.project(film.project),
        lambda sdk, read: sdk.edit_project(read, title=named()),
    ),
    "clip": Kind(
        lambda sdk, film: sdk.clip(film.clip), lambda sdk, read: sdk.edit_clip(read, title=named())
    ),
    "words": Kind(_word, _corrected),
    "brand kit": Kind(_kit, lambda sdk, read: sdk.update_brand_kit(read, named())),
    "caption style": Kind(_style, lambda sdk, read: sdk.update_caption_style(read, named(), "pop")),
    "preset": Kind(_preset, lambda sdk, read: sdk.update_preset(read, named())),
    "webhook": Kind(_webhook, lambda sdk, read: sdk.update_webhook(read, description=named())),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_read_is_edited_only_as_long_as_it_is_so(
    sdk: AsyncClient, film: Film, kind: str
) -> None:
    one = KINDS[kind]
    mine, theirs = await one.read(sdk, film), await one.read(sdk, film)

    edited = await one.edit(sdk, theirs)
    with pytest.raises(Changed):
        await one.edit(sdk, mine)
    again = await one.edit(sdk, edited)

    assert mine.etag == theirs.etag
    assert len({mine.etag, edited.etag, again.etag}) == 3


async def test_a_tenant_is_edited_only_as_long_as_it_is_so(operator: AsyncClient) -> None:
    made = await operator.create_tenant("Acme")
    read = await operator.tenant(made.id)

    moved = await operator.edit_tenant(read, plan="pro")
    with pytest.raises(Changed):
        await operator.edit_tenant(made, name="Other")
    renamed = await operator.edit_tenant(moved, name="Film club")
    blind = await operator.edit_tenant(made.id, plan="business")

    assert (renamed.name, renamed.plan) == ("Film club", "pro")
    assert (blind.name, blind.plan) == ("Film club", "business")


async def test_a_look_is_deleted_only_as_long_as_it_is_so(sdk: AsyncClient) -> None:
    made = await sdk.create_preset("for now")
    await sdk.update_preset(made, "longer")

    with pytest.raises(Changed):
        await sdk.delete_preset(made)
    await sdk.delete_preset(await sdk.preset(made.id))

    with pytest.raises(NotFound):
        await sdk.preset(made.id)


async def test_what_a_list_told_is_not_edited_unseen(sdk: AsyncClient, film: Film) -> None:
    listed = await anext(sdk.projects())

    with pytest.raises(ClientError, match="read it by its id"):
        await sdk.edit_project(listed, title="Other")
    by_id = await sdk.edit_project(listed.id, title="Other")
    unseen = await sdk.edit_project(listed, title="Another", if_match="*")

    assert (by_id.title, unseen.title) == ("Other", "Another")


async def test_the_guide_to_editing_works_as_it_is_typed(house: House, tmp_path: Path) -> None:
    film = await taken_in(house, await house.tenant())
    if shutil.which("jq") is None:
        jq = tmp_path / "jq"
        jq.write_text(JQ.format(python=sys.executable))
        jq.chmod(0o755)
    blocks = BLOCK.findall(GUIDE.read_text())
    typed = "\n".join(text for kind, text in blocks if kind == "sh")
    [program] = [text for kind, text in blocks if kind == "python"]

    said = await run(house, film.tenant.key, tmp_path, *SHELL, typed)
    async with AsyncClient(house.url, film.tenant.key) as sdk:
        titles = {one.title for one in await sdk.clips(film.project)}
        text = await sdk.transcript(film.project, format="txt")
        await run(house, film.tenant.key, tmp_path, sys.executable, "-c", program)
        [clip] = await sdk.clips(film.project)

        async def found() -> bool:
            return bool([hit async for hit in sdk.search('"at least once"')])

        await eventually(found)

    assert '"title":"Why queues lose work"' in said
    assert titles == {"The story"}, "the other one is deleted"
    for words in ("JetStream", "at least once", "back up"):
        assert words in text
    assert (clip.title, clip.detector) == ("Why queues lose work", "manual")


async def run(house: House, key: str, folder: Path, *argv: str) -> str:
    """What is printed for somebody with this key."""
    programs = f"{folder}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await create_subprocess_exec(
        *argv,
        env={
            "PATH": programs,
            "HOME": str(folder),
            "CLIPFORGE_URL": house.url,
            "CLIPFORGE_API_KEY": key,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


OPERATORS: Final = """
tenant=$(clipforge tenants create "Film club" --plan pro)
clipforge tenants list --json | grep -q "$tenant"
clipforge tenants edit "$tenant" --plan business
clipforge tenants show "$tenant"
CLIPFORGE_API_KEY=$(clipforge tenants key "$tenant" ci) clipforge usage
key=$(clipforge tenants keys "$tenant" | grep -o 'key_[a-z0-9]*')
clipforge tenants revoke "$tenant" "$key"
clipforge queues tenants transcription
clipforge health
"""
LOOKS: Final = """
style=$(clipforge styles create loud --base karaoke --size 120 --text "#112233")
clipforge styles edit "$style" --size 90 --highlight "#ffcc00" --text none
clipforge styles show "$style"
clipforge styles versions "$style"
preset=$(clipforge presets create teaser --aspect 1:1 --style "$style" --max 30)
clipforge presets edit "$preset" --name trailer --style none
clipforge presets show "$preset"
clipforge presets versions "$preset"
kit=$(clipforge brand create ours --text "#112233")
clipforge brand edit "$kit" --name theirs --captions top
clipforge brand versions "$kit"
clipforge presets delete "$preset"
clipforge styles delete "$style"
clipforge brand delete "$kit"
"""


async def test_operators_make_tenants_by_the_command(house: House, tmp_path: Path) -> None:
    key = house.settings.bootstrap_api_key
    assert key is not None

    said = await run(house, key.get_secret_value(), tmp_path, *SHELL, OPERATORS)

    assert "Film club, with the plan business" in said
    assert "ok, version" in said


async def test_looks_are_made_and_changed_by_the_command(
    house: House, tenant: Tenant, tmp_path: Path
) -> None:
    said = await run(house, tenant.key, tmp_path, *SHELL, LOOKS)

    assert '"size": 90' in said
    assert '"highlight": "#ffcc00"' in said
    assert '"text": null' in said
    assert '"style": "none"' in said
    for kind in ("loud", "teaser", "ours"):
        assert re.search(rf"^1 .* {kind} *$", said, re.MULTILINE), "its first version"
    assert re.search(r"^2 .* theirs *$", said, re.MULTILINE)


async def test_films_and_what_is_said_are_told(sdk: AsyncClient, film: Film) -> None:
    [asset] = [one async for one in sdk.assets()]
    whole = await sdk.asset(asset.id)
    first = await anext(sdk.words(film.project, start_ms=4_000))
    expiring = [one async for one in sdk.expiring(within_hours=24 * 30)]
    usage = await sdk.usage(first=datetime.now(UTC).date() - timedelta(days=1))

    assert whole.project_ids == [film.project]
    assert whole.media.duration_ms == 90_000
    assert (first.index, first.start_ms) == (10, 4_000)
    assert [one.project_id for one in expiring] == [film.project]
    assert [day.projects for day in usage.days] == [1]


async def test_a_clip_made_by_hand_is_edited_and_deleted(sdk: AsyncClient, film: Film) -> None:
    made = await sdk.create_clip(film.project, first_word=10, last_word=20, title="By hand")
    moved = await sdk.edit_clip(made, start_ms=made.start_ms + WORD_MS, hashtags=["queues"])
    await sdk.delete_clip(made.id)

    assert (made.start_ms, made.detector) == (10 * WORD_MS, "manual")
    assert (moved.start_ms, moved.hashtags) == (11 * WORD_MS, ["#queues"])
    with pytest.raises(NotFound):
        await sdk.clip(made.id)


async def test_exports_and_batches_are_asked_for_and_stopped(
    sdk: AsyncClient, film: Film, house: House
) -> None:
    made = await sdk.create_clip(film.project, start_ms=0, end_ms=8_000, title="Short")
    export = await sdk.create_export(made.id, aspect="1:1", quality="draft")
    stopped = await sdk.cancel_export(export.id)
    batch = await sdk.create_batch([made.id], aspects=["9:16", "16:9"], quality="draft")
    seen = await sdk.batch(batch.id)
    await sdk.cancel_batch(batch.id)

    async def over() -> bool:
        return (await sdk.batch(batch.id)).over

    await eventually(over)
    ended = [one.state async for one in sdk.exports(batch_id=batch.id)]

    assert stopped.id == export.id
    assert seen.export_ids == batch.export_ids
    assert ended == ["cancelled", "cancelled"]


async def test_looks_are_listed_with_what_they_were(sdk: AsyncClient) -> None:
    kit = await sdk.create_brand_kit("Acme", colours={"text": "#112233"})
    await sdk.update_brand_kit(kit, "Acme Ltd", colours={"text": "#445566"})
    style = await sdk.create_caption_style("Quiet", "minimal", size=90)
    await sdk.update_caption_style(style, "Quieter", "minimal", size=80)
    preset = await sdk.create_preset("Square", aspect="1:1")
    await sdk.update_preset(preset, "Squares", aspect="1:1")

    kits = [one.name async for one in sdk.brand_kits()]
    styles = [one.name async for one in sdk.caption_styles()]
    presets = [one.name async for one in sdk.presets()]
    were = [
        [one.was["name"] async for one in versions]
        for versions in (
            sdk.brand_kit_versions(kit.id),
            sdk.caption_style_versions(style.id),
            sdk.preset_versions(preset.id),
        )
    ]
    for delete, one in (
        (sdk.delete_brand_kit, kit),
        (sdk.delete_caption_style, style),
        (sdk.delete_preset, preset),
    ):
        await delete(one.id)

    assert ("Acme Ltd" in kits, "Quieter" in styles, "Squares" in presets) == (True, True, True)
    assert were == [["Acme Ltd", "Acme"], ["Quieter", "Quiet"], ["Squares", "Square"]]
    assert "Acme Ltd" not in [one.name async for one in sdk.brand_kits()]
    assert {"pop", "minimal"} < {one.name for one in await sdk.built_in_styles()}
    assert {"tiktok", "youtube"} < {one.preset for one in await sdk.built_in_presets()}


async def test_an_upload_is_looked_at_and_given_up(
    house: House, sdk: AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "font.ttf"
    file.write_bytes(b"0123456789")
    begun: list[str] = []

    done = await sdk.upload(file, on_begin=lambda upload: begun.append(upload.id))
    known = await sdk.begun_upload(done.id)
    asset = await sdk.create_brand_asset("font", done.id)
    looked = await sdk.brand_asset(asset.id)
    listed = [one.id async for one in sdk.brand_assets()]
    await sdk.delete_brand_asset(asset.id)

    assert (begun, known.bytes) == ([done.id], 10)
    assert (looked.state, listed) == ("checking", [asset.id])
    with pytest.raises(NotFound):
        await sdk.brand_asset(asset.id)
    with pytest.raises(Conflict, match="complete"):
        await sdk.abort_upload(done.id)


async def test_parts_tell_which_of_them_have_arrived(sdk: AsyncClient, tmp_path: Path) -> None:
    file = tmp_path / "talk.mp4"
    file.write_bytes(b"0123456789")
    begun: list[str] = []

    def break_off(upload: Upload) -> None:
        begun.append(upload.id)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await sdk.upload(file, on_begin=break_off)
    [part] = [one async for one in sdk.upload_parts(begun[0])]
    await sdk.abort_upload(begun[0])

    assert (part.number, part.arrived) == (1, False)
    with pytest.raises(NotFound):
        await sdk.begun_upload(begun[0])


async def test_queues_jobs_and_dead_letters_are_told(
    house: House, stranger: Tenant, operator: AsyncClient
) -> None:
    lost = Film(stranger, await house.submit(stranger))
    failed = lost.failed("import")
    await house.state(failed)
    since = datetime.now(UTC) - timedelta(hours=1)

    async with AsyncClient(house.url, stranger.key) as sdk:
        queues, queue = await sdk.queues(), await sdk.queue("video-import")
        [job] = [one async for one in sdk.jobs(project_id=lost.project)]
        known = await sdk.job("video-import", job.id)
        letters = [one.id async for one in sdk.dead_letters(since=since)]
        before = [one.id async for one in sdk.dead_letters(until=since)]
        letter = await sdk.dead_letter(failed.job_id)
        again = await sdk.replay(failed.job_id)
    paused = await operator.pause_queue("video-import")
    resumed = await operator.resume_queue("video-import")
    shares = [one async for one in operator.queue_tenants("video-import")]

    assert set(queues) == set(BY_QUEUE)
    assert queue.queue == "video-import"
    assert known.id == job.id == failed.job_id
    assert (letters, before) == ([failed.job_id], [])
    assert letter.failure is not None
    assert again.id == ids.job("import", lost.project, 1)
    assert (paused.paused, resumed.paused) == (True, False)
    assert stranger.id in {one.tenant_id for one in shares}


async def test_tenants_and_keys_are_told(operator: AsyncClient, house: House) -> None:
    made = await operator.create_tenant("Keys", plan="pro")
    key = await operator.create_tenant_key(made.id, "ci", role="admin")
    async with AsyncClient(house.url, key.key) as admin:
        own = await admin.create_key("laptop")
        names = {one.name for one in await admin.keys()}
        await admin.revoke_key(own.id)
    listed = {one.name for one in await operator.tenant_keys(made.id)}
    revoked = await operator.revoke_tenant_key(made.id, key.id)

    assert made.id in {one.id async for one in operator.tenants()}
    assert names == {"ci", "laptop"}
    assert listed == {"ci"}
    assert revoked.revoked


async def test_webhooks_are_changed_and_their_log_is_told(sdk: AsyncClient) -> None:
    made = await sdk.create_webhook(HOOK, ["project.ready"])
    changed = await sdk.update_webhook(made.id, events=["project.failed"], enabled=False)
    rotated = await sdk.rotate_webhook_secret(made.id)
    log = [one async for one in sdk.webhook_deliveries(made.id)]
    await sdk.delete_webhook(made.id)

    assert (changed.events, changed.enabled) == (["project.failed"], False)
    assert rotated.secret != made.secret
    assert log == []
    with pytest.raises(NotFound):
        await sdk.webhook(made.id)


async def test_whether_it_works_is_told_without_a_key(house: House, operator: AsyncClient) -> None:
    async with AsyncClient(house.url) as nobody:
        health, live, ready = await nobody.health(), await nobody.live(), await nobody.ready()
    backlog = await operator.retention_backlog()

    assert (health.status, live, set(ready.values())) == ("ok", True, {True})
    assert backlog.films == 0
