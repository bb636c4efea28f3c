"""`clipforge run`: a film in, clips out, with a stack of its own where none is named."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console

from clipforge_client.client import Client
from clipforge_client.errors import ClientError, Unreachable
from clipforge_contracts.validation import ASPECTS, QUALITIES, STYLES
from clipforge_standalone import folder
from clipforge_standalone.folder import AlreadyRunning
from clipforge_standalone.report import Report
from clipforge_standalone.servers.process import DidNotStart
from clipforge_standalone.stack import Stack
from clipforge_standalone.work import Work, bars

FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
CANCELLED: Final = 130  # as shells say of Ctrl-C

console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command to `clipforge`."""
    app.command(name="run")(run)


def _one_of(values: Sequence[str]) -> Any:
    """An option with a closed list of values, refused before anything starts."""

    def check(value: str) -> str:
        if value not in values:
            raise typer.BadParameter(f"{value} is none of {', '.join(values)}")
        return value

    return typer.Option(help=" ".join(values), callback=check)


def run(
    source: Annotated[str, typer.Argument(help="A video file, or an http(s) address of one.")],
    clips: Annotated[int, typer.Option(min=0, max=50, help="How many; 0: as fits.")] = 0,
    aspect: Annotated[str, _one_of(ASPECTS)] = "9:16",
    style: Annotated[str, _one_of(STYLES)] = "pop",
    quality: Annotated[str, _one_of(QUALITIES)] = "standard",
    shortest: Annotated[float, typer.Option("--min", help="Shortest clip, seconds.")] = 0,
    longest: Annotated[float, typer.Option("--max", help="Longest clip, seconds.")] = 0,
    language: Annotated[str, typer.Option(help="Spoken language, e.g. en; else detected.")] = "",
    vocabulary: Annotated[str, typer.Option(help="Names and terms to expect, by commas.")] = "",
    model: Annotated[str, typer.Option(help="Speech model by name.")] = "",
    out: Annotated[Path, typer.Option(help="Folder for the clips.")] = Path("out"),
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON on stdout.")] = False,
) -> None:
    """Make clips of a film. Exit code 0: made; 1: it failed; 2: usage; 3: unreachable."""
    remote = urlsplit(source).scheme in ("http", "https")
    if not remote and not Path(source).is_file():
        console.print(f"There is no file {source}.")
        raise typer.Exit(USAGE)
    options = {
        "clips": clips,
        "aspect": aspect,
        "style": style,
        "quality": quality,
        "min_clip_ms": round(shortest * 1000),
        "max_clip_ms": round(longest * 1000),
        "language": language,
        "vocabulary": [word.strip() for word in vocabulary.split(",") if word.strip()],
        "model": model,
    }
    try:
        report = asyncio.run(_run(source, remote, options, out))
    except Unreachable as error:
        console.print(str(error))
        raise typer.Exit(UNREACHABLE) from error
    except (ClientError, AlreadyRunning, DidNotStart) as error:
        console.print(str(error))
        raise typer.Exit(FAILED) from error
    except asyncio.CancelledError:
        console.print("cancelled")
        raise typer.Exit(CANCELLED) from None
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        _say(report)
    if report.state != "ready":
        raise typer.Exit(FAILED)


async def _run(source: str, remote: bool, options: dict[str, Any], out: Path) -> Report:
    task = asyncio.current_task()
    for asked in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(asked, task.cancel if task else lambda: None)
    async with _gateway() as (url, key):
        with Client(url, key) as client, bars(console) as shown:
            work = Work(client, shown, source, remote, options, out)
            try:
                return await asyncio.to_thread(work.do)
            except asyncio.CancelledError:
                work.stop()
                raise


@asynccontextmanager
async def _gateway() -> AsyncGenerator[tuple[str, str]]:
    """The gateway that the environment names, else one of a stack of our own."""
    if url := os.environ.get("CLIPFORGE_URL"):
        yield url, os.environ.get("CLIPFORGE_API_KEY", "")
        return
    data = folder.default()
    with console.status("starting ClipForge ..."):
        starting = Stack.start(data, say=_trouble)
        try:
            stack = await starting.__aenter__()
        except AlreadyRunning:
            stack = None
    if stack is None:
        yield _running(data)
        return
    try:
        yield stack.url, stack.api_key
    finally:
        await starting.__aexit__(None, None, None)


def _trouble(text: str) -> None:
    """Of what a stack says, what a person who waits for clips wants to hear."""
    if not text.startswith("starting "):
        console.print(f"[dim]{text}[/dim]", soft_wrap=True)


def _running(data: Path) -> tuple[str, str]:
    """The address and key of the stack that runs in this folder."""
    ports = json.loads((data / "ports.json").read_text())
    port = os.environ.get("CLIPFORGE_PORT") or ports["gateway"]
    return f"http://127.0.0.1:{port}", folder.load_secrets(data)["api_key"]


def _say(report: Report) -> None:
    """What a person reads at the end."""
    said = Console(highlight=False)
    if report.state != "ready":
        said.print(f"No clips: {report.notice or report.state}", soft_wrap=True)
        return
    if report.notice:
        said.print(f"note: {report.notice}", soft_wrap=True)
    if not report.clips:
        said.print("Nothing is said in this film, so there are no clips.")
    for clip in report.clips:
        span = f"{clip.start_ms / 1000:.0f}-{clip.end_ms / 1000:.0f} s"
        said.print(f"  {clip.score:>3}  {clip.title}  [dim]({span})[/dim]", soft_wrap=True)
        said.print(f"       {Path(report.page).parent / clip.file}", soft_wrap=True)
    took = ", ".join(
        f"{stage} {seconds:.0f} s" for stage, seconds in report.seconds_per_stage.items()
    )
    said.print(f"\n{took}\nLook at {report.page}", soft_wrap=True)
