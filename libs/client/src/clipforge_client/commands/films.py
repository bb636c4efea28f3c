"""`clipforge upload` and `clipforge projects`: films, and where they stand."""

import re
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from clipforge_client import remembered
from clipforge_client.client import Client
from clipforge_client.commands import options
from clipforge_client.commands.options import AsJson, ProjectArgument
from clipforge_client.errors import ClientError
from clipforge_client.models import Project, Upload
from clipforge_client.terminal import bars, clock, note, print_done, print_json, print_list, say

State = Literal["queued", "importing", "transcribing", "detecting", "ready", "failed", "cancelled"]
Source = Literal["url", "upload", "asset"]
Sort = Literal["created", "-created", "title", "-title"]
projects = typer.Typer(help="Films, and where they stand.", no_args_is_help=True)


def send(client: Client, file: Path) -> Upload:
    """Upload a file with a bar, going on where the last try stopped."""
    with bars() as shown:
        bar = shown.add_task("upload", total=None, step=file.name)

        def on_bytes(sent: int, total: int) -> None:
            shown.update(bar, total=total, completed=sent)

        def on_resume(upload: Upload) -> None:
            note(f"Going on with the upload of {file.name} that was broken off.")

        return remembered.upload(client, file, on_bytes=on_bytes, on_resume=on_resume)


def upload(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A video file.")],
    as_json: AsJson = False,
) -> None:
    """Upload a film and print the id of the upload. Broken off, it goes on next time."""
    path = options.film(file)
    with Client() as client:
        done = send(client, path)
        remembered.forget(client, path)
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        say(done.id)
        note(f"Make clips of it: clipforge projects create {done.id}")


@projects.command("create")
def create_project(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILM",
            help="A video file, an http(s) address, an upload's id, or a film's sha256.",
        ),
    ],
    title: Annotated[str, typer.Option(metavar="TEXT", help="Default: the file's name.")] = "",
    clips: options.ClipsOption = 0,
    aspect: options.AspectOption = "9:16",
    style: options.StyleOption = "pop",
    quality: options.QualityOption = "standard",
    shortest: options.ShortestOption = 0,
    longest: options.LongestOption = 0,
    language: options.LanguageOption = "",
    vocabulary: options.VocabularyOption = "",
    model: options.ModelOption = "",
    render: Annotated[bool, typer.Option("--render", help="Render every clip found.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a film in and print the id of its project. Without --wait, it returns at once."""
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
    asked["auto_export"] = render
    known = re.fullmatch("[0-9a-f]{64}", source) is not None
    local = not (known or options.is_address(source) or source.startswith("upl_"))
    file = options.film(source) if local else None
    with Client() as client:
        if file is not None:
            sent = send(client, file).id
            project = client.create_project(
                upload_id=sent, title=title or title_of(file), options=asked
            )
            remembered.forget(client, file)
        elif source.startswith("upl_"):
            project = client.create_project(upload_id=source, title=title, options=asked)
        elif known:
            project = client.create_project(sha256=source, title=title, options=asked)
        else:
            project = client.create_project(url=source, title=title, options=asked)
        if wait:
            project = client.wait_for_project(project.id)
    if as_json:
        print_json(project.model_dump(mode="json"))
    else:
        say(project.id)
        note(_what_next(project))
    _end_with(project)


@projects.command("list")
def list_projects(
    state: Annotated[
        State | None, typer.Option(metavar="STATE", help=f"{', '.join(get_args(State))}.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Which is in their title.")] = "",
    language: Annotated[str, typer.Option(metavar="CODE", help="Spoken, such as en.")] = "",
    source: Annotated[
        Source | None, typer.Option(metavar="KIND", help=f"Made of: {', '.join(get_args(Source))}.")
    ] = None,
    since: options.SinceOption = None,
    until: options.UntilOption = None,
    sort: Annotated[
        Sort, typer.Option(metavar="ORDER", help=f"{', '.join(get_args(Sort))}; -: backwards.")
    ] = "-created",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List projects, newest first, or those of a kind, or by title."""
    with Client() as client:
        pages = client.projects(
            state=state or "",
            title=title,
            language=language,
            source=source or "",
            since=options.moment(since),
            until=options.moment(until),
            sort=sort,
            limit=min(limit, 100),
        )
        found = list(islice(pages, limit))
    chosen = any((state, title, language, source, since, until))
    print_list(
        found,
        ("id", "state", "done", "clips", "title"),
        lambda one: (
            one.id,
            one.state,
            f"{one.progress.percent:.0f} %",
            str(one.clip_count),
            one.title,
        ),
        nothing="There are no such projects."
        if chosen
        else "There are no projects yet: clipforge projects create talk.mp4",
        as_json=as_json,
    )


@projects.command("show")
def show_project(project_id: ProjectArgument, as_json: AsJson = False) -> None:
    """Show one project: its state, and where it failed, why."""
    with Client() as client:
        project = client.project(project_id)
    if as_json:
        print_json(project.model_dump(mode="json"))
        return
    say(f"{project.title or project.id}: {project.state}")
    if not project.over:
        say(f"  {project.progress.percent:.0f} %  {project.progress.step}")
    if project.media:
        media = project.media
        say(f"  film      {clock(media.duration_ms)}, {media.width}x{media.height}")
    if project.language:
        say(f"  language  {project.language}")
    if project.state == "ready":
        say(f"  clips     {project.clip_count}")
    if project.notice:
        say(f"  note      {project.notice}")
    if project.failure:
        failure = project.failure
        say(f"  {failure.stage} failed: {failure.sentence} ({failure.reason})")
    for stage, seconds in project.seconds_per_stage.items():
        say(f"  {stage:<15}{seconds:8.1f} s")


@projects.command("cancel")
def cancel_project(project_id: ProjectArgument, as_json: AsJson = False) -> None:
    """Stop a project. What is done of it stays."""
    with Client() as client:
        project = client.cancel_project(project_id)
    if as_json:
        print_json(project.model_dump(mode="json"))
    else:
        note(f"{project.id} is being stopped.")


@projects.command("delete")
def delete_project(project_id: ProjectArgument, as_json: AsJson = False) -> None:
    """Delete a project, its clips, and its film where no other project uses it."""
    with Client() as client:
        client.delete_project(project_id)
    print_done(f"{project_id} is deleted.", as_json=as_json, id=project_id, deleted=True)


def title_of(file: Path) -> str:
    """A title for a film that has only a file name."""
    return file.stem.replace("_", " ").encode(errors="replace").decode()[:200]


def _what_next(project: Project) -> str:
    match project.state:
        case "ready":
            return f"It is ready: clipforge clips {project.id}"
        case "failed" | "cancelled":
            return ""
    return f"Watch it: clipforge events tail {project.id}"


def _end_with(project: Project) -> None:
    """A failed project is an error of the command that waited for it."""
    if project.state == "failed":
        raise ClientError(project.failure.sentence if project.failure else "It failed.")
    if project.state == "cancelled":
        raise ClientError("It was cancelled.")
