"""The `clipforge` command. Further commands come by the entry-point group `clipforge.commands`."""

import sys
from collections.abc import Callable
from importlib.metadata import entry_points, version
from typing import Annotated, Final

import typer

from clipforge_client.commands import (
    brands,
    clip,
    clips,
    events,
    films,
    operation,
    queues,
    tenants,
    webhooks,
    words,
)
from clipforge_client.errors import (
    ApiError,
    ClientError,
    Forbidden,
    NotClipForge,
    NotFound,
    Unauthenticated,
    Unreachable,
)
from clipforge_client.terminal import note, say
from clipforge_client.usage import Command

FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
KEY: Final = 4
CANCELLED: Final = 130  # as shells say of Ctrl-C
EXITS: Final = (
    "Exit codes: 0 done; 1 failed or refused, stderr says why; 2 wrong usage; "
    "3 ClipForge does not answer; 4 the API key is missing, wrong or not enough; 130 Ctrl-C."
)
EPILOG: Final = (
    "The address and the key of ClipForge come from CLIPFORGE_URL and CLIPFORGE_API_KEY; "
    f"`clipforge up` prints both. {EXITS}"
)

app = typer.Typer(
    name="clipforge",
    no_args_is_help=True,
    rich_markup_mode=None,  # without boxes: it reads the same in a pipe, a log and a terminal
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)


def _print_version(asked: bool) -> None:
    if asked:
        say(f"clipforge {version('clipforge-client')}")
        raise typer.Exit


@app.callback()
def clipforge(
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print it."),
    ] = False,
) -> None:
    """Turn long videos into captioned short clips. To begin: clipforge run talk.mp4"""


def assemble() -> typer.Typer:
    """The whole command, with those of other packages."""
    if app.registered_commands:
        return app
    for entry in entry_points(group="clipforge.commands"):
        register: Callable[[typer.Typer], None] = entry.load()
        register(app)
    app.command("upload")(films.upload)
    app.command("clips")(clips.list_clips)
    app.command("transcript")(clips.transcript)
    app.command("export")(clips.export_clip)
    app.command("batch")(brands.batch)
    app.command("styles")(brands.list_styles)
    app.command("presets")(brands.list_presets)
    app.add_typer(brands.brand, name="brand")
    app.command("search")(words.search)
    app.command("usage")(operation.usage)
    app.command("jobs")(queues.jobs)
    app.add_typer(clip.clip, name="clip")
    app.add_typer(words.words, name="words")
    app.add_typer(queues.queues, name="queues")
    app.add_typer(queues.dead_letters, name="dead-letters")
    app.add_typer(films.projects, name="projects")
    app.add_typer(events.events, name="events")
    app.add_typer(operation.keys, name="keys")
    app.add_typer(webhooks.webhooks, name="webhooks")
    app.add_typer(tenants.tenants, name="tenants")
    for one in (
        app,
        brands.brand,
        clip.clip,
        words.words,
        films.projects,
        events.events,
        operation.keys,
        tenants.tenants,
        queues.queues,
        queues.dead_letters,
        webhooks.webhooks,
    ):
        for command in one.registered_commands:
            command.cls, command.epilog = Command, EXITS
    return app


def main() -> None:
    """The entry point: run, and put errors in words."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files need not be text
            stream.reconfigure(errors="replace")
    try:
        assemble()()
    except ClientError as error:
        note(str(error))
        if remedy := remedy_of(error):
            note(remedy)
        sys.exit(code_of(error))
    except BrokenPipeError:
        sys.exit(FAILED)  # the reader has gone: nobody is left to tell
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        note(f"{place}{error.strerror or error}.")
        sys.exit(FAILED)


def code_of(error: ClientError) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, Unreachable | NotClipForge):
        return UNREACHABLE
    if isinstance(error, Unauthenticated | Forbidden):
        return KEY
    return FAILED


def remedy_of(error: ClientError) -> str:
    """What to do about an error, where its own words do not say so."""
    if isinstance(error, Unreachable):
        return (
            "Start ClipForge with `clipforge up`, and copy the line that it prints and that begins "
            "with `export`. Or set CLIPFORGE_URL to the address of another one."
        )
    if isinstance(error, Unauthenticated):
        return "Set CLIPFORGE_API_KEY to a key of this ClipForge: `clipforge up` prints one."
    if isinstance(error, Forbidden):
        return "Set CLIPFORGE_API_KEY to a key of the role admin."
    if isinstance(error, NotFound):
        return "`clipforge projects list` and `clipforge clips PROJECT` show the ids there are."
    if isinstance(error, ApiError) and error.status >= 500 and error.request_id:
        return f"The id of this request, for the logs: {error.request_id}"
    return ""
