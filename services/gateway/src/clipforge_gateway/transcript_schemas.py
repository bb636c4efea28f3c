"""The bodies about transcripts: words as they are shown and corrected, and what was found."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clipforge_gateway.schemas import Body, Text

MOST_OPERATIONS: Final = 500
Index = Annotated[int, Field(ge=0, le=10_000_000, description="Of a word, from 0")]
Ms = Annotated[int, Field(ge=0, le=2**31 - 1)]


class TranscriptView(BaseModel):
    project_id: str
    version: int = Field(description="How often it was corrected; 0: as it was heard")
    words: int
    language: str
    edited_at: datetime | None = None


class WordView(BaseModel):
    index: int = Field(description="Its place in this version, from 0")
    text: str
    start_ms: int
    end_ms: int
    confidence: float = Field(description="0-1; 1: a person wrote it")
    speaker: str


def _one_word(text: str) -> str:
    if len(text.split()) != 1:
        raise ValueError("this is to be one word, without spaces")
    return text.strip()


def _some_words(text: str) -> str:
    if not text.split():
        raise ValueError("there is no word in this: use `delete` to take words out")
    return text


OneWord = Annotated[Text, Field(max_length=100), AfterValidator(_one_word)]
SomeWords = Annotated[Text, Field(max_length=1000), AfterValidator(_some_words)]


class _Words(Body):
    """Which words: by index, or those said between two times."""

    first: Index | None = None
    last: Index | None = Field(default=None, description="Left out: the first alone")
    start_ms: Ms | None = None
    end_ms: Ms | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_index = self.first is not None or self.last is not None
        by_time = self.start_ms is not None or self.end_ms is not None
        named = self.first is not None or None not in (self.start_ms, self.end_ms)
        if by_index == by_time or not named:
            raise ValueError("give `first` (and `last`), or both `start_ms` and `end_ms`")
        return self


class Replace(_Words):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"op": "replace", "first": 3, "text": "queues"}]}
    )

    op: Literal["replace"]
    text: SomeWords


class Delete(_Words):
    op: Literal["delete"]


class Merge(_Words):
    op: Literal["merge"]
    text: OneWord | None = Field(default=None, description="Left out: the words without a space")


class Split(Body):
    op: Literal["split"]
    word: Index
    texts: list[OneWord] = Field(min_length=2, max_length=20)
    at_ms: list[Ms] = Field(
        default=[], max_length=19, description="Where they part; left out: by their letters"
    )


class Retime(Body):
    op: Literal["retime"]
    word: Index
    start_ms: Ms
    end_ms: Ms


Operation = Annotated[
    Replace | Delete | Merge | Split | Retime,
    Field(discriminator="op"),
]


class EditTranscript(Body):
    operations: list[Operation] = Field(
        min_length=1,
        max_length=MOST_OPERATIONS,
        description="Indexes and times are those of the version that `If-Match` names, in all",
    )


class HitView(BaseModel):
    """A sentence or so that was found."""

    project_id: str
    project_title: str
    start_ms: int
    end_ms: int
    text: str
    highlights: list[tuple[int, int]] = Field(
        description="Where the words were found: from which character of `text` to before which"
    )
    first_word: int = Field(description="Index in the transcript")
    last_word: int
    clip_ids: list[str] = Field(description="Clips that contain it, the best first")
