"""One run of `clipforge run`: submit a film, wait for its clips, have them rendered, fetch them."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rich.progress import Progress, TaskID

from clipforge_client import remembered
from clipforge_client.client import Client
from clipforge_client.commands.films import title_of
from clipforge_client.errors import ClientError, NotFound
from clipforge_client.models import Clip, Export, Project
from clipforge_client.terminal import file_name, note
from clipforge_standalone.page import write_page
from clipforge_standalone.report import ClipReport, Report

WAIT: Final = 2  # seconds between two looks at the progress, at most
SHARES: Final = {  # from where to where each stage takes a project's progress, as the API has it
    "import": (0, 15),
    "transcription": (15, 90),
    "clip-detection": (90, 100),
}


class Stopped(Exception):
    """Nobody waits for this run any more."""


class Work:
    """One run: submit, wait, export, fetch."""

    def __init__(
        self,
        client: Client,
        bars: Progress,
        source: str,
        remote: bool,
        options: dict[str, Any],
        out: Path,
        former: str = "",
        on_project: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._bars = bars
        self._source = source
        self._remote = remote
        self._options = options
        self._out = out
        self._former = former  # the project of a run of the same that was stopped
        self._on_project = on_project
        self._project: Project | None = None
        self._stopped = False

    def do(self) -> Report:
        """Blocks until the clips lie in the folder. Stopped after `stop`."""
        project = self._wait(self._resumed() or self._submit())
        exports: list[tuple[Clip, Export]] = []
        if project.state == "ready":
            found = self._client.clips(project.id)
            exports = self._export(found)
        return self._fetch(self._client.project(project.id), exports)

    def stop(self) -> None:
        """Nobody waits any more: `do` ends at its next look."""
        self._stopped = True

    def cancel(self) -> None:
        """What was asked for is not wanted any more."""
        if self._project is not None and not self._project.over:
            with contextlib.suppress(ClientError):
                self._client.cancel_project(self._project.id)

    def _go_on(self) -> None:
        if self._stopped:
            raise Stopped

    def _resumed(self) -> Project | None:
        """The project of a former run, where it may still end well."""
        if not self._former:
            return None
        try:
            project = self._client.project(self._former)
        except NotFound:
            return None
        if project.state in ("failed", "cancelled"):
            return None
        note(f"Going on with {project.title or project.id}, where the last run was stopped.")
        self._project = project
        return project

    def _submit(self) -> Project:
        if self._remote:
            return self._created(
                self._client.create_project(url=self._source, options=self._options)
            )
        file = Path(self._source)
        bar = self._bar("upload")

        def on_bytes(sent: int, total: int) -> None:
            self._go_on()
            self._bars.update(bar, completed=100 * sent / max(total, 1))

        upload = remembered.upload(self._client, file, on_bytes=on_bytes)
        project = self._created(
            self._client.create_project(
                upload_id=upload.id, title=title_of(file), options=self._options
            )
        )
        remembered.forget(self._client, file)
        return project

    def _created(self, project: Project) -> Project:
        self._project = project
        self._on_project(project.id)
        self._go_on()
        return project

    def _wait(self, project: Project) -> Project:
        bars: dict[str, TaskID] = {}
        while not project.over:
            self._go_on()
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
            while not export.over:
                self._go_on()
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
        failed = [export for _, export in exports if export.state != "completed"]
        seconds = dict(project.seconds_per_stage)
        if exports:
            seconds["export"] = round(max(export.seconds or 0 for _, export in exports), 3)
        notice = project.notice
        state = project.state
        if project.failure:
            notice = project.failure.sentence
        elif failed:
            state = "incomplete" if made else "failed"
            said = failed[0].failure
            why = said.sentence if said else f"It was {failed[0].state}."
            notice = f"{len(failed)} of {len(exports)} clips could not be rendered. {why}"
        report = Report(
            project=project.id,
            title=project.title or Path(urlsplit(self._source).path).stem,
            state=state,
            language=project.language,
            notice=notice,
            duration_ms=project.media.duration_ms if project.media else 0,
            seconds_per_stage=seconds,
            clips=made,
            page=str(self._out / "index.html") if made or state == "ready" else "",
        )
        if report.page:
            write_page(report, self._client.transcript(project.id), self._out)
        return report

    def _download(self, number: int, clip: Clip, export: Export) -> ClipReport:
        self._go_on()
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


def _within(stage: str, percent: float) -> float:
    """How far a stage is, from how far the project is."""
    begin, end = SHARES[stage]
    return max(0.0, min(100.0, 100 * (percent - begin) / (end - begin)))
