"""`clipforge run`: a film in, clips out, with a stack of its own where none is named."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from clipforge_client import address
from clipforge_client.client import Client
from clipforge_client.commands import options
from clipforge_client.commands.clips import score_of
from clipforge_client.commands.options import AsJson
from clipforge_client.endings import CANCELLED, FAILED
from clipforge_client.errors import ClientError, Unreachable
from clipforge_client.terminal import bars, clock, note, print_json, say
from clipforge_standalone import folder
from clipforge_standalone.folder import Unusable
from clipforge_standalone.gateway import Gateway, gateway
from clipforge_standalone.report import Report
from clipforge_standalone.runs import Runs, key_of
from clipforge_standalone.servers.process import DidNotStart
from clipforge_standalone.signals import on_stop
from clipforge_standalone.work import Stopped, Work

OWN_STACKS: Final = 5  # how often the stack of another run may end below ours


def register(app: typer.Typer) -> None:
    """Add the command to `clipforge`."""
    app.command(name="run")(run)


def run(
    source: options.SourceArgument,
    clips: options.ClipsOption = 0,
    aspect: options.AspectOption = "9:16",
    style: options.StyleOption = "pop",
    quality: options.QualityOption = "standard",
    shortest: options.ShortestOption = 0,
    longest: options.LongestOption = 0,
    language: options.LanguageOption = "",
    vocabulary: options.VocabularyOption = "",
    model: options.ModelOption = "",
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the clips and index.html go.")
    ] = Path("out"),
    as_json: AsJson = False,
) -> None:
    """Make clips of a film.

    It starts ClipForge for itself and stops it again, unless CLIPFORGE_URL or a profile names
    another one. Stopped by Ctrl-C, the same command goes on later.
    """
    remote = options.is_address(source)
    if not remote:
        options.film(source)
    asked = options.project_options(
        clips=clips,
        aspect=aspect,
        style=style,
        quality=quality,
        shortest=shortest,
        longest=longest,
        language=language,
        vocabulary=vocabulary,
        model=model,
    )
    out.mkdir(parents=True, exist_ok=True)  # before the work, should it not be possible
    try:
        report = asyncio.run(_run(source, remote, asked, out))
    except (Unusable, DidNotStart) as error:
        raise ClientError(str(error)) from error
    except asyncio.CancelledError:
        raise typer.Exit(CANCELLED) from None
    if as_json:
        print_json(report.as_dict())
    else:
        _tell(report)
    if report.state != "ready":
        raise typer.Exit(FAILED)


async def _run(source: str, remote: bool, asked: dict[str, Any], out: Path) -> Report:
    task = asyncio.current_task()
    on_stop(lambda: task.cancel() if task else None)
    if address.named():
        with Client() as client:
            return await _work(client, source, remote, asked, out)
    for _ in range(OWN_STACKS):
        async with gateway(folder.default()) as found:
            try:
                with Client(found.url, found.api_key) as client:
                    return await _work(client, source, remote, asked, out, found)
            except Unreachable:
                if found.own:
                    raise
        note("The ClipForge of another run has ended; going on with one of our own.")
    raise ClientError("The ClipForge that other runs started ends again and again.")


async def _work(
    client: Client,
    source: str,
    remote: bool,
    asked: dict[str, Any],
    out: Path,
    found: Gateway | None = None,
) -> Report:
    """One run at a gateway. Where that is of this machine, it is remembered until it is done."""
    runs = Runs(found.folder) if found else None
    key = key_of(source, remote, asked)
    with bars() as shown:
        work = Work(
            client,
            shown,
            source,
            remote,
            asked,
            out,
            former=runs.find(key) if runs else "",
            on_project=lambda project: runs.remember(key, project) if runs else None,
        )
        working = asyncio.create_task(asyncio.to_thread(work.do))
        try:
            report = await asyncio.shield(working)
        except asyncio.CancelledError:
            note("stopping ...")
            work.stop()
            await asyncio.wait([working])
            if not isinstance(working.exception(), Stopped | None):
                note(str(working.exception()))
            await _leave(work, own=found is not None and found.own)
            raise
    if runs:
        runs.forget(key)
    return report


async def _leave(work: Work, *, own: bool) -> None:
    """A stack of our own stops, and goes on later. Of another one, nothing is wanted any more."""
    if own:
        note("Stopped. The same command goes on from here.")
    else:
        await asyncio.to_thread(work.cancel)
        note("Cancelled.")


def _tell(report: Report) -> None:
    """What a person reads at the end."""
    if not report.page:
        note(f"No clips: {report.notice or report.state}")
        return
    if report.notice:
        say(f"note: {report.notice}")
    if not report.clips:
        say("Nothing is said in this film, so there are no clips.")
    for clip in report.clips:
        say(f"{score_of(clip.score):>7}  {clip.title}")
        say(f"       {clock(clip.start_ms)} - {clock(clip.end_ms)}", style="dim")
        say(f"       {Path(report.page).parent / clip.file}")
    say(f"\n{_took(report.seconds_per_stage)}\nLook at {report.page}")


def _took(seconds: Mapping[str, float]) -> str:
    """How long each stage took; what an earlier run has made takes no time."""
    if sum(seconds.values()) < 1:
        return "Nothing had to be done: an earlier run has made all of it."
    return ", ".join(f"{stage} {each:.0f} s" for stage, each in seconds.items())
