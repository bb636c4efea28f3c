"""Long sound is cut where nobody speaks."""

from hypothesis import given
from hypothesis import strategies as st

from clipforge_transcription import cutting
from clipforge_transcription.cutting import Span

MINUTE = 60_000


def paused(*pauses: Span, until: int) -> list[Span]:
    """Speech all the time, but for these pauses."""
    edges = [0, *(edge for pause in pauses for edge in pause), until]
    return list(zip(edges[0::2], edges[1::2], strict=True))


def test_a_film_of_two_minutes_stays_whole() -> None:
    assert cutting.spans(paused((60_000, 61_000), until=120_000), 120_000) == [(0, 120_000)]


def test_a_longer_one_is_cut_in_the_middle_of_its_longest_pause() -> None:
    speech = paused((70_000, 70_200), (80_000, 81_000), (90_000, 90_500), until=150_000)

    assert cutting.spans(speech, 150_000) == [(0, 80_500), (80_500, 150_000)]


def test_a_pause_that_comes_too_early_or_too_late_is_not_cut() -> None:
    speech = paused((10_000, 14_000), (90_000, 90_100), (110_000, 114_000), until=180_000)

    assert cutting.spans(speech, 180_000)[0] == (0, 90_050)


def test_where_nobody_pauses_it_is_cut_at_the_target() -> None:
    assert cutting.spans([(0, 150_000)], 150_000) == [(0, 90_000), (90_000, 150_000)]


def test_music_between_two_talks_is_cut_too() -> None:
    spans = cutting.spans([(0, 30_000), (400_000, 500_000)], 500_000)

    assert all(end - start <= cutting.TARGET_MS * cutting.WHOLE for start, end in spans)
    assert all(not 400_500 < start < 499_500 or start > 463_000 for start, _ in spans)


@given(
    st.lists(st.integers(100, 60_000), max_size=80),
    st.integers(1, 90 * MINUTE),
)
def test_the_parts_cover_the_film_and_are_neither_long_nor_tiny(
    lengths: list[int], duration: int
) -> None:
    at, speech = 0, []
    for n, length in enumerate(lengths):
        if n % 2:
            speech.append((at, at + length))
        at += length

    spans = cutting.spans(speech, duration)

    assert spans[0][0] == 0
    assert spans[-1][1] == duration
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert all(end - start <= cutting.TARGET_MS * cutting.WHOLE for start, end in spans)
    assert len(spans) == 1 or all(end - start > 16_000 for start, end in spans)
