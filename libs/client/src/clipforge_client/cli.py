"""The `clipforge` command. Further commands come by the entry-point group `clipforge.commands`."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points, version
from typing import Annotated, Final, NoReturn

import typer

from clipforge_client import address
from clipforge_client.commands import (
    assets,
    batches,
    brand_edit,
    clip,
    clips,
    dead_letters,
    events,
    exports,
    films,
    health,
    jobs,
    operation,
    presets,
    profiles,
    project_edit,
    queues,
    retention,
    styles,
    tenants,
    uploads,
    webhooks,
    words,
)
from clipforge_client.commands.completion import profile_names
from clipforge_client.endings import (
    EXITS,
    FAILED,
    code_of,
    own_problem,
    problem_of,
    remedy_of,
)
from clipforge_client.errors import ClientError
from clipforge_client.terminal import note, note_json, say
from clipforge_client.usage import Command

TRACEBACK: Final = "CLIPFORGE_TRACEBACK"
EPILOG: Final = (
    "Which ClipForge is meant: --profile, else CLIPFORGE_URL and CLIPFORGE_API_KEY, else "
    f"CLIPFORGE_PROFILE or the profile in use, else that of `clipforge up` here. {EXITS}"
)

app = typer.Typer(
    name="clipforge",
    no_args_is_help=True,
    rich_markup_mode=None,  # without boxes: it reads the same in a pipe, a log and a terminal
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
GROUPS: Final = {
    "projects": project_edit.projects,
    "uploads": uploads.uploads,
    "clip": clip.clip,
    "words": words.words,
    "exports": exports.exports,
    "batches": batches.batches,
    "brand": brand_edit.brand,
    "styles": styles.styles,
    "presets": presets.presets,
    "assets": assets.assets,
    "events": events.events,
    "webhooks": webhooks.webhooks,
    "jobs": jobs.jobs,
    "queues": queues.queues,
    "dead-letters": dead_letters.dead_letters,
    "retention": retention.retention,
    "keys": operation.keys,
    "tenants": tenants.tenants,
    "profiles": profiles.profiles,
}


def _print_version(asked: bool) -> None:
    if asked:
        say(f"clipforge {version('clipforge-client')}")
        raise typer.Exit


@app.callback()
def clipforge(
    context: typer.Context,
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Which ClipForge: see `clipforge profiles`.",
            autocompletion=profile_names,
        ),
    ] = "",
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print it."),
    ] = False,
) -> None:
    """Turn long videos into captioned short clips. To begin: clipforge run talk.mp4"""
    context.with_resource(address.profile(profile))


def assemble() -> typer.Typer:
    """The whole command, with those of other packages."""
    if app.registered_commands:
        return app
    for entry in entry_points(group="clipforge.commands"):
        register: Callable[[typer.Typer], None] = entry.load()
        register(app)
    app.command("login")(profiles.login)
    app.command("upload")(films.upload)
    app.command("clips")(clips.list_clips)
    app.command("transcript")(clips.transcript)
    app.command("export")(clips.export_clip)
    app.command("batch")(batches.batch)
    app.command("search")(words.search)
    app.command("usage")(operation.usage)
    app.command("health")(health.health)
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)
    for one in (app, *GROUPS.values()):
        for command in one.registered_commands:
            command.cls, command.epilog = Command, EXITS
    return app


def main() -> None:
    """The entry point: run, and put errors in words; with --json, in a problem on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files need not be text
            stream.reconfigure(errors="replace")
    as_json = "--json" in sys.argv[1:]  # also where the rest of it cannot be read
    try:
        sys.exit(assemble()(standalone_mode=not as_json))
    except typer.TyperException as error:
        note_json(own_problem("usage", "Wrong usage", error.format_message()))
        sys.exit(error.exit_code)
    except ClientError as error:
        if as_json:
            note_json(problem_of(error))
        else:
            _say(str(error), remedy_of(error))
        sys.exit(code_of(error))
    except BrokenPipeError:
        sys.exit(FAILED)  # the reader has gone: nobody is left to tell
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail("failed", "It did not work", f"{place}{error.strerror or error}.", as_json=as_json)
    except Exception as error:  # a traceback tells its reader nothing to do
        if os.environ.get(TRACEBACK):
            raise
        text = f"This is a defect of the command: {type(error).__name__}: {error}"
        remedy = f"Please report it, with what {TRACEBACK}=1 shows."
        _fail("defect", "A defect", text, remedy, as_json=as_json)


def _fail(name: str, title: str, text: str, remedy: str = "", *, as_json: bool) -> NoReturn:
    if as_json:
        note_json(own_problem(name, title, f"{text} {remedy}".strip()))
    else:
        _say(text, remedy)
    sys.exit(FAILED)


def _say(text: str, remedy: str) -> None:
    note(text)
    if remedy:
        note(remedy)
