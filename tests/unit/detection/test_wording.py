"""What stands beside a clip: its title, its reasons, its hashtags."""

import pytest

from clipforge_clip_detection import interest, lexicon, scoring
from clipforge_clip_detection.excerpts import cut, quoted
from clipforge_clip_detection.hashtags import hashtags, themes
from clipforge_clip_detection.reasons import reasons
from clipforge_clip_detection.titles import TITLE, title
from detecting import whole

NOTHING = dict.fromkeys(scoring.WEIGHTS, 0.0)


def titled(text: str) -> str:
    found = whole(text)
    familiar = interest.load().familiar
    return title(found, themes(found, found, familiar), familiar)


def tagged(text: str, film: str = "") -> list[str]:
    return hashtags(themes(whole(text), whole(f"{text} {film}"), interest.load().familiar))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So, why do queues forget our work? It is so.", "Why do queues forget our work?"),
        ("I think that durable logs never forget anything.", "Durable logs never forget anything"),
        ("Yeah. Well, you know, nobody remembers a good day.", "Nobody remembers a good day"),
        (
            "He told her that. Most queues forget everything that they were told.",
            "Most queues forget everything that they were told",
        ),
        (
            "They said \u201cthe worst mistake is to trust a queue.",
            "They said the worst mistake is to trust a queue",
        ),
    ],
)
def test_a_title_is_the_line_that_stands_best_alone_without_small_talk(
    text: str, expected: str
) -> None:
    assert titled(text) == expected


def test_a_title_fits_and_never_ends_in_the_middle_of_a_thought() -> None:
    made = titled("word " * 12 + "and then because of the incomprehensibilities of everything")

    assert len(made) <= TITLE
    assert made.endswith("\u2026")
    assert made.rstrip("\u2026").split()[-1] not in lexicon.DANGLING


def test_a_title_of_a_long_sentence_is_a_clause_that_stands_alone() -> None:
    made = titled(
        "When all of that had happened to the whole of the team over the winter months, "
        "nobody remembered the biggest mistake of them all."
    )

    assert made == "Nobody remembered the biggest mistake of them all"


@pytest.mark.parametrize(
    "text",
    [
        "今天我们讨论云计算的未来。它很有用。",
        "שלום לכולם, היום נדבר על העתיד של העבודה.",
        "आज हम काम के भविष्य के बारे में बात करेंगे।",
        "今日は。",
        "Oh.",
        "... --",
    ],
)
def test_every_clip_has_a_title_in_any_script(text: str) -> None:
    made = titled(text)

    assert made.strip()
    assert len(made) <= TITLE


def test_a_title_in_another_script_is_what_was_said() -> None:
    assert titled("今天我们讨论云计算的未来。") == "今天我们讨论云计算的未来"


def test_hashtags_are_what_the_film_says_again_and_most_talks_do_not() -> None:
    text = "A glacier is a slow river. People say that the glacier is really very good."

    assert tagged(text, "Every glacier melts.") == ["#glacier"]


def test_one_and_many_of_a_thing_are_one_hashtag() -> None:
    text = "A glacier is slow. Glaciers are slow. The glacier's end is near."

    assert [tag for tag in tagged(text, text) if "glac" in tag] == ["#glacier"]


def test_no_hashtag_is_rude_or_a_number_or_a_whole_sentence() -> None:
    text = "Bullshit is 1000 of them. Bullshit, 1000. 我们今天讨论云计算。我们今天讨论云计算。"

    assert tagged(text, text) == []


def test_a_word_that_is_everywhere_in_a_film_is_not_its_theme() -> None:
    filler = " ".join(f"Das ist aber nicht gegenstand{n}." for n in range(60))

    assert "#nicht" not in tagged("Das ist nicht der Gletscher. Der Gletscher bleibt.", filler)
    assert "#gletscher" in tagged("Das ist nicht der Gletscher. Der Gletscher bleibt.", filler)


def test_a_reason_quotes_the_question_that_a_clip_opens_with() -> None:
    found = whole("\u201cWhy do queues forget?\u201d They were made to forget.")

    assert reasons(NOTHING, found, []) == [
        "Opens with a question: \u201cWhy do queues forget?\u201d"
    ]


def test_the_strongest_reasons_come_first_and_three_are_enough() -> None:
    found = whole("Nobody ever remembers. War is terrible, and death is worse.")
    factors = {**NOTHING, "content": 0.97, "emotion": 0.99, "hook": 0.8}

    said = reasons(factors, found, [])

    assert said == [
        "Strong words: nobody, war, terrible.",
        "More like what editors pick than 97 % of this film.",
        "Opens strongly: \u201cNobody ever remembers.\u201d",
    ]


def test_that_an_editor_has_chosen_the_moment_is_the_first_reason() -> None:
    factors = {**NOTHING, "content": 0.97, "foretold": 0.3}

    first, second = reasons(factors, whole("The table stood at a wall."), [])

    assert first == "The film announces this moment at its beginning."
    assert "97 %" in second


def test_a_reason_never_claims_what_the_words_do_not_show() -> None:
    found = whole("The table stood at a wall. It was made of wood.")
    factors = {**dict.fromkeys(scoring.WEIGHTS, 0.99), "content": 0.1, "foretold": 0.0}

    said = reasons(factors, found, [])

    assert said == ["The best of this film at the length that was asked for."]


def test_a_text_is_cut_between_words_and_never_longer_than_asked() -> None:
    assert cut("one two three", 13) == "one two three"
    assert cut("one two three", 12) == "one two\u2026"
    assert cut("我们今天讨论云计算的未来", 6) == "我们今天讨\u2026"
    assert quoted("he said \u201cgo on", 60) == "\u201che said go on\u201d"
