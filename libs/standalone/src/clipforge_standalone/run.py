"""`clipforge run`: a film in, clips out, with a stack of its own where none is named."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from clipforge_client.client import Client
from clipforge_client.errors import ClientError, Unreachable
from clipforge_client.models import Clip, Export, Project
from clipforge_standalone import folder
from clipforge_standalone.folder import AlreadyRunning
from clipforge_standalone.report import ClipReport, Report, write_page
from clipforge_standalone.servers.process import DidNotStart
from clipforge_standalone.stack import Stack

FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
CANCELLED: Final = 130  # as shells say of Ctrl-C
NAME: Final = 60  # letters of a title in a file name
WAIT: Final = 2  # seconds between two looks at the progress, at most

console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command to `clipforge`."""
    app.command(name="run")(run)


def run(
    source: Annotated[str, typer.Argument(help="A video file, or an http(s) address of one.")],
    clips: Annotated[int, typer.Option(min=0, max=50, help="How many; 0: as fits.")] = 0,
    aspect: Annotated[str, typer.Option(help="9:16, 1:1, 4:5 or 16:9")] = "9:16",
    style: Annotated[
        str,
        typer.Option(help="pop, karaoke, boxed, single, build, neon, minimal, bar or none"),
    ] = "pop",
    quality: Annotated[str, typer.Option(help="draft or standard")] = "standard",
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
        with Client(url, key) as client, _bars() as bars:
            work = _Work(client, bars, source, remote, options, out)
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
        starting = Stack.start(data, say=lambda text: None)
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


def _running(data: Path) -> tuple[str, str]:
    """The address and key of the stack that runs in this folder."""
    ports = json.loads((data / "ports.json").read_text())
    port = os.environ.get("CLIPFORGE_PORT") or ports["gateway"]
    return f"http://127.0.0.1:{port}", folder.load_secrets(data)["api_key"]


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=40),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[step]}[/dim]"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _Work:
    """One run: submit, wait, export, fetch."""

    def __init__(
        self,
        client: Client,
        bars: Progress,
        source: str,
        remote: bool,
        options: dict[str, Any],
        out: Path,
    ) -> None:
        self._client = client
        self._bars = bars
        self._source = source
        self._remote = remote
        self._options = options
        self._out = out
        self._project: Project | None = None
        self._stopped = False

    def do(self) -> Report:
        """Blocks until the clips lie in the folder."""
        project = self._wait(self._submit())
        exports: list[tuple[Clip, Export]] = []
        if project.state == "ready":
            found = self._client.clips(project.id)
            exports = self._export(found)
        return self._fetch(self._client.project(project.id), exports)

    def stop(self) -> None:
        """Nobody waits any more: cancel the project."""
        self._stopped = True
        if self._project is not None and not self._project.over:
            with contextlib.suppress(ClientError):
                self._client.cancel_project(self._project.id)

    def _submit(self) -> Project:
        if self._remote:
            self._project = self._client.create_project(url=self._source, options=self._options)
            return self._project
        file = Path(self._source)
        bar = self._bar("upload")

        def on_bytes(sent: int, total: int) -> None:
            self._bars.update(bar, completed=100 * sent / max(total, 1))

        if file.stat().st_size == 0:
            raise ClientError(f"{file} is empty.")
        upload = self._client.upload(file, on_bytes=on_bytes)
        self._project = self._client.create_project(
            upload_id=upload.id, title=file.stem.replace("_", " ")[:200], options=self._options
        )
        return self._project

    def _wait(self, project: Project) -> Project:
        bars: dict[str, TaskID] = {}
        while not project.over and not self._stopped:
            progress = project.progress
            if progress.stage and progress.stage not in bars:
                for bar in bars.values():
                    self._bars.update(bar, completed=100, step="")
                bars[progress.stage] = self._bar(progress.stage)
            if progress.stage:
                self._bars.update(
                    bars[progress.stage],
                    completed=_within(progress.stage, progress.percent),
                    step=progress.step,
                )
            project = self._project = self._client.project(project.id, wait=WAIT)
        return project

    def _export(self, found: list[Clip]) -> list[tuple[Clip, Export]]:
        look = {name: self._options[name] for name in ("aspect", "style", "quality")}
        exports = [(clip, self._client.create_export(clip.id, **look)) for clip in found]
        bar = self._bar("export")
        done: list[tuple[Clip, Export]] = []
        for n, (clip, asked) in enumerate(exports):
            export = asked
            while not export.over and not self._stopped:
                export = self._client.export(export.id, wait=WAIT)
                part = (n + export.progress.percent / 100) / len(exports)
                step = f"clip {n + 1} of {len(exports)}: {export.progress.step}"
                self._bars.update(bar, completed=100 * part, step=step)
            done.append((clip, export))
        self._bars.update(bar, completed=100, step="")
        return done

    def _fetch(self, project: Project, exports: list[tuple[Clip, Export]]) -> Report:
        self._out.mkdir(parents=True, exist_ok=True)
        made = [
            self._download(n, clip, export)
            for n, (clip, export) in enumerate(exports, start=1)
            if export.state == "completed"
        ]
        failed = next((export for _, export in exports if export.state != "completed"), None)
        seconds = dict(project.seconds_per_stage)
        if exports:
            seconds["export"] = round(max(export.seconds or 0 for _, export in exports), 3)
        notice = project.notice
        state = project.state
        if project.failure:
            notice = project.failure.sentence
        elif failed is not None and failed.failure:
            state, notice = "failed", failed.failure.sentence
        report = Report(
            project=project.id,
            title=project.title or Path(urlsplit(self._source).path).stem,
            state=state,
            language=project.language,
            notice=notice,
            duration_ms=project.media.duration_ms if project.media else 0,
            seconds_per_stage=seconds,
            clips=made,
            page=str(self._out / "index.html") if state == "ready" else "",
        )
        if state == "ready":
            write_page(report, self._client.transcript(project.id), self._out)
        return report

    def _download(self, number: int, clip: Clip, export: Export) -> ClipReport:
        stem = f"{number:02}-{file_name(clip.title)}"
        names = {"clip": "mp4", "srt": "srt", "vtt": "vtt", "thumbnail": "jpg"}
        files = {
            name: f"{stem}.{extension}" for name, extension in names.items() if name in export.files
        }
        sizes = {
            name: self._client.download(export.files[name], self._out / file)
            for name, file in files.items()
        }
        return ClipReport(
            file=files["clip"],
            start_ms=clip.start_ms,
            end_ms=clip.end_ms,
            title=clip.title,
            score=clip.score,
            confidence=clip.confidence,
            reasons=clip.reasons,
            hashtags=clip.hashtags,
            captions={name: files[name] for name in ("srt", "vtt") if name in files},
            thumbnail=files.get("thumbnail", ""),
            bytes=sizes["clip"],
            width=export.width or 0,
            height=export.height or 0,
            text=clip.text,
            cached=export.cached,
            factors=clip.factors,
        )

    def _bar(self, name: str) -> TaskID:
        return self._bars.add_task(name, total=100, step="")


def file_name(title: str) -> str:
    """A title as part of a file name that every file system takes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME].strip("-") or "clip"


def _within(stage: str, percent: float) -> float:
    """How far a stage is, from how far the project is."""
    begin, end = {"import": (0, 15), "transcription": (15, 90), "clip-detection": (90, 100)}[stage]
    return max(0.0, min(100.0, 100 * (percent - begin) / (end - begin)))


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
