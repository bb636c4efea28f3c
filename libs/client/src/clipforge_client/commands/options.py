"""Options that several commands share."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import typer

from clipforge_client.commands.completion import project_ids

Aspect = Literal["9:16", "1:1", "4:5", "16:9"]
Style = Literal["pop", "karaoke", "boxed", "single", "build", "neon", "minimal", "bar", "none"]
Quality = Literal["draft", "standard"]


def _choice(values: Any, name: str, help_: str) -> Any:
    return typer.Option(metavar=name, help=f"{help_}: {', '.join(get_args(values))}.")


LimitOption = Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")]
MatchOption = Annotated[
    str,
    typer.Option(
        "--if-match",
        metavar="ETAG",
        show_default=False,
        help="Only if it is still what was read: the `etag` that --json shows.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AspectOption = Annotated[Aspect, _choice(Aspect, "SHAPE", "Shape of the picture")]
StyleOption = Annotated[Style, _choice(Style, "STYLE", "Look of the captions")]
AnyStyleOption = Annotated[
    str,
    typer.Option(
        metavar="STYLE",
        help=f"Look of the captions: {', '.join(get_args(Style))}, or one of your own (sty_...).",
    ),
]
QualityOption = Annotated[Quality, _choice(Quality, "QUALITY", "Quality; draft is quicker")]
ClipsOption = Annotated[
    int,
    typer.Option(min=0, max=50, metavar="N", show_default=False, help="How many. Default: as fit."),
]
ShortestOption = Annotated[
    float,
    typer.Option(
        "--min",
        min=0,
        max=600,
        metavar="SECONDS",
        show_default=False,
        help="Shortest clip.",
    ),
]
LongestOption = Annotated[
    float,
    typer.Option(
        "--max",
        min=0,
        max=600,
        metavar="SECONDS",
        show_default=False,
        help="Longest clip.",
    ),
]
LanguageOption = Annotated[
    str, typer.Option(metavar="CODE", help="Spoken language, such as en. Default: detected.")
]
VocabularyOption = Annotated[
    str, typer.Option(metavar="WORDS", help="Names and terms to expect, separated by commas.")
]
ModelOption = Annotated[
    str, typer.Option(metavar="NAME", help="Speech model. Default: the one that fits.")
]
DAYS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
SinceOption = Annotated[
    datetime | None,
    typer.Option(formats=DAYS, metavar="DAY", help="Created then or later, by your clock."),
]
UntilOption = Annotated[
    datetime | None, typer.Option(formats=DAYS, metavar="DAY", help="Created before then.")
]
ProjectArgument = Annotated[
    str,
    typer.Argument(metavar="PROJECT", help="Id, such as prj_01h...", autocompletion=project_ids),
]
SourceArgument = Annotated[
    str, typer.Argument(metavar="FILM", help="A video file, or an http(s) address of one.")
]


def is_address(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def moment(given: datetime | None) -> datetime | None:
    """With the time zone of this machine, which whoever types a day means."""
    return given.astimezone() if given else None


def film(source: str) -> Path:
    """The file that a user named. BadParameter where there is none."""
    file = Path(source)
    if "://" in source:
        raise typer.BadParameter(
            f"{source} is no http(s) address; other addresses are not read.", param_hint="FILM"
        )
    if not file.is_file():
        what = "is a folder, not a video file" if file.is_dir() else "does not exist"
        raise typer.BadParameter(f"{source} {what}.", param_hint="FILM")
    return file


def project_options(
    *,
    clips: int,
    aspect: str,
    style: str,
    quality: str,
    shortest: float,
    longest: float,
    language: str,
    vocabulary: str,
    model: str,
) -> dict[str, Any]:
    """The options of a project, as the API takes them."""
    if longest and shortest > longest:
        raise typer.BadParameter("--min is above --max.", param_hint="--min")
    return {
        "clips": clips,
        "aspect": aspect,
        "style": style,
        "quality": quality,
        "min_clip_ms": milliseconds(shortest),
        "max_clip_ms": milliseconds(longest),
        "language": language,
        "vocabulary": listed(vocabulary),
        "model": model,
    }


def milliseconds(seconds: float | None) -> int | None:
    """As the API has it; None stays what it is: nothing was said."""
    return None if seconds is None else round(seconds * 1000)


def listed(words: str) -> list[str]:
    """What a person separates by commas."""
    return [word.strip() for word in words.split(",") if word.strip()]
