"""`clipforge clips`, `transcript` and `export`: what has become of a film."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands import options
from clipforge_client.commands.options import AsJson, ProjectArgument
from clipforge_client.errors import ClientError
from clipforge_client.models import Clip, Export
from clipforge_client.terminal import (
    bars,
    clock,
    file_name,
    note,
    print_json,
    print_list,
    say,
)

EXTENSIONS: Final = {"clip": "mp4", "srt": "srt", "vtt": "vtt", "thumbnail": "jpg"}
ClipArgument = Annotated[str, typer.Argument(metavar="CLIP", help="Id, such as clip_01h...")]


def list_clips(
    project_id: ProjectArgument,
    order: Annotated[
        Literal["score", "time"], typer.Option(metavar="ORDER", help="score, or time in the film.")
    ] = "score",
    as_json: AsJson = False,
) -> None:
    """List the clips of a project, best first."""
    with Client() as client:
        found = client.clips(project_id, order=order)
        project = None if found else client.project(project_id)
    why = "" if project is None else f" It is {project.state}. {project.notice}".rstrip()
    print_list(
        found,
        ("id", "from", "to", "score", "title"),
        lambda one: (
            one.id,
            clock(one.start_ms),
            clock(one.end_ms),
            score_of(one.score),
            one.title,
        ),
        nothing=f"This project has no clips.{why}",
        as_json=as_json,
    )


def score_of(score: int | None) -> str:
    """As a list shows it."""
    return "by hand" if score is None else str(score)


def transcript(
    project_id: ProjectArgument,
    format_: Annotated[
        Literal["txt", "srt", "vtt", "json"],
        typer.Option("--format", metavar="FORMAT", help="txt, srt, vtt, or json with every word."),
    ] = "txt",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there. Default: print it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print what is said in a film."""
    if as_json:
        format_ = "json"
    with Client() as client:
        found = client.transcript(project_id, format=format_)
    if out is not None:
        text = json.dumps(found, ensure_ascii=False) if format_ == "json" else found
        out.write_text(text, encoding="utf-8")
        note(f"{out} is written.")
    elif format_ == "json":
        print_json(found)
    else:
        say(found.rstrip("\n"))


def export_clip(
    clip_id: ClipArgument,
    aspect: options.AspectOption = "9:16",
    style: options.AnyStyleOption = "pop",
    quality: options.QualityOption = "standard",
    preset: Annotated[
        str,
        typer.Option(
            metavar="PRESET",
            help="tiktok, reels, shorts, x, linkedin, youtube, or one of your own, in their place.",
        ),
    ] = "",
    kit: Annotated[
        str, typer.Option(metavar="KIT", help="Brand kit. Default: the project's.")
    ] = "",
    height: Annotated[
        int,
        typer.Option(
            min=0,
            max=2160,
            metavar="PIXELS",
            show_default=False,
            help="Short side.",
        ),
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Download the files there. Default: print links."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Return when it is rendered, or at once.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Render a clip, and download it or print where to get it."""
    look: dict[str, Any] = {"preset": preset} if preset else {"aspect": aspect, "style": style}
    if not preset:
        look |= {"quality": quality, "height": height}
    if kit:
        look["brand_kit_id"] = kit
    with Client() as client:
        export = client.create_export(clip_id, **look)
        if wait or out is not None:
            export = _rendered(client, export)
        files = {}
        if out is not None and export.state == "completed":
            files = download(client, export, out, stem_of(client.clip(clip_id), export.aspect))
    if as_json:
        print_json({**export.model_dump(mode="json"), "downloaded": _names(files)})
    elif export.state == "completed":
        found = _names(files) or export.files
        for name, place in found.items():
            say(f"{name:<10}{place}")
    elif not export.over:
        say(export.id)
        note("It is being rendered. The same command waits for it.")
    if export.state == "failed":
        raise ClientError(export.failure.sentence if export.failure else "It failed.")
    if export.state == "cancelled":
        raise ClientError("It was cancelled.")


def download(client: Client, export: Export, folder: Path, stem: str) -> dict[str, Path]:
    """The files of an export below `folder`, by their kind."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, url in export.files.items():
        if name in EXTENSIONS:
            found[name] = folder / f"{stem}.{EXTENSIONS[name]}"
            client.download(url, found[name])
    return found


def stem_of(clip: Clip, aspect: str) -> str:
    """A file name that tells the clip, its shape, and other clips of the same title apart."""
    return f"{file_name(clip.title)}-{aspect.replace(':', 'x')}-{clip.id[-6:]}"


def _rendered(client: Client, export: Export) -> Export:
    with bars() as shown:
        bar = shown.add_task("export", total=100, step="")

        def on_change(seen: Export) -> None:
            shown.update(bar, completed=seen.progress.percent, step=seen.progress.step)

        while not export.over:
            export = client.export(export.id, wait=2)
            on_change(export)
    return export


def _names(files: dict[str, Path]) -> dict[str, str]:
    return {name: str(file) for name, file in files.items()}
