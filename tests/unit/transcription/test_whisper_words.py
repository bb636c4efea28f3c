"""What the recogniser hands over as pieces becomes words."""

from types import SimpleNamespace

from clipforge_transcription.engines.whisper import _words


def tokens(*texts: str) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(word=text, start=n, end=n + 1, probability=0.9 - n / 10)
        for n, text in enumerate(texts)
    ]


def test_a_compound_word_is_one_word() -> None:
    cold, and_ = _words(tokens(" cold", "-hearted", " and"), spaced=True)

    assert (cold.text, cold.start, cold.end, cold.confidence) == ("cold-hearted", 0, 2, 0.8)
    assert and_.text == "and"


def test_a_piece_without_text_is_no_word() -> None:
    assert [word.text for word in _words(tokens(" so", " ", " it"), spaced=True)] == ["so", "it"]


def test_scripts_without_spaces_keep_their_words_apart() -> None:
    words = list(_words(tokens("今日", "は"), spaced=False))

    assert [(word.text, word.spaced) for word in words] == [("今日", False), ("は", False)]
