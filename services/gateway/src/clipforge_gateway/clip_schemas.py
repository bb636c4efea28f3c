"""The bodies about clips: as they are shown, made and edited."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clipforge_gateway.schemas import Body, Text

MOST_HASHTAGS: Final = 30


class FactorView(BaseModel):
    """One of the things that the score is made of."""

    name: str = Field(description="Such as `hook`, `content`, `emotion`; others may come")
    value: float = Field(description="0-1, ranked within this film")
    weight: float = Field(description="What it counts for among the others")


class ClipView(BaseModel):
    id: str
    project_id: str
    start_ms: int = Field(description="In point in the source")
    end_ms: int = Field(description="Out point in the source")
    score: int | None = Field(
        description="0-100: percentile within this film; null: made by hand, so nobody scored it"
    )
    confidence: float | None = Field(
        description="Calibrated chance that an editor would pick it, 0-1; null: made by hand"
    )
    title: str
    text: str = Field(description="What is said in it, at most 1,000 characters")
    reasons: list[str] = Field(description="Why it was found, in sentences")
    hashtags: list[str]
    factors: list[FactorView] = Field(description="What the score is made of")
    detector: str = Field(description="What found it; `manual`: a person")
    version: int = Field(description="How often it was edited; 0: as it was found")


def _tag(text: str) -> str:
    if not text.lstrip("#") or any(letter.isspace() or letter == "#" for letter in text[1:]):
        raise ValueError("a hashtag is one word, with or without its #")
    return "#" + text.lstrip("#")


Hashtag = Annotated[Text, Field(min_length=1, max_length=50), AfterValidator(_tag)]
Hashtags = Annotated[list[Hashtag], Field(max_length=MOST_HASHTAGS)]
Ms = Annotated[int, Field(ge=0, le=2**31 - 1)]
WordIndex = Annotated[int, Field(ge=0, le=10_000_000)]


class _Edges(Body):
    """Where a clip begins and ends, in one of two ways."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"start_ms": 61200, "end_ms": 98400, "title": "Why queues lose work"}]
        }
    )

    start_ms: Ms | None = None
    end_ms: Ms | None = None
    first_word: WordIndex | None = Field(
        default=None, description="Index of a word of the transcript, from 0"
    )
    last_word: WordIndex | None = None
    snap: bool = Field(
        default=True,
        description="Move times to the nearest edges of words, if these are at most 1.5 s away",
    )

    @property
    def by_words(self) -> bool:
        return self.first_word is not None or self.last_word is not None

    @property
    def by_times(self) -> bool:
        return self.start_ms is not None or self.end_ms is not None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.by_words and self.by_times:
            raise ValueError("give times or words, not both")
        if self.by_words and (self.first_word is None or self.last_word is None):
            raise ValueError("give both `first_word` and `last_word`")
        return self


class CreateClip(_Edges):
    title: Text = Field(default="", max_length=200, description="Empty: what is said first")
    hashtags: Hashtags = Field(default=[])

    @model_validator(mode="after")
    def _has_edges(self) -> Self:
        if not self.by_words and (self.start_ms is None or self.end_ms is None):
            raise ValueError("give `start_ms` and `end_ms`, or `first_word` and `last_word`")
        return self


class EditClip(_Edges):
    """What is left out stays as it is."""

    title: Text | None = Field(default=None, min_length=1, max_length=200)
    hashtags: Hashtags | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.by_words or self.by_times or self.title or self.hashtags is not None):
            raise ValueError("name what is to change: times, words, `title` or `hashtags`")
        return self
