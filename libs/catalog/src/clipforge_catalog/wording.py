"""How texts become words to be searched, by language: for writers and readers of segments."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

PLAIN: Final = "simple"  # words as they are, for languages that PostgreSQL has no grammar of
# PostgreSQL's configurations since 14, by the language's code (BCP 47, its first part).
CONFIGS: Final[Mapping[str, str]] = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}


def config_of(language: str) -> str:
    """The text search configuration of a language; `simple` where there is none."""
    return CONFIGS.get(re.split("[-_]", language.lower())[0], PLAIN)


def owner(tenant: str, config: str) -> str:
    """A word that is in every segment of a tenant in a language, and that no text contains.

    With it one index serves a search within one tenant: words have no spaces, this begins with one.
    """
    return f" {tenant} {config}"


def spaced(text: str) -> str:
    """Letters of scripts that write without spaces, one by one: each is a word to be found."""
    return "".join(f" {letter} " if _is_wide(letter) else letter for letter in text)


def wanted(query: str) -> str:
    """A query in the syntax of search engines, with such letters as phrases."""
    if '"' in query:
        return spaced(query)
    return _WIDE_RUN.sub(lambda run: f' "{spaced(run[0]).strip()}" ', query)


def wide_runs(query: str) -> list[str]:
    """The parts of a query that are written without spaces."""
    return _WIDE_RUN.findall(query)


# Kana, Han, Hangul and their extensions, Thai, Lao, Khmer and Burmese.
_WIDE_RUN: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def _is_wide(letter: str) -> bool:
    marks = unicodedata.category(letter) in ("Mn", "Mc")  # belong to the letter before
    return bool(_WIDE_RUN.match(letter)) and not marks
