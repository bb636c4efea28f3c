"""Links that are alike for some minutes, and good for as long as was said."""

from datetime import UTC, datetime, timedelta

import pytest

from clipforge_runtime.links import signing

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_links_of_the_same_minutes_are_alike() -> None:
    first = signing(NOON, HOUR)
    last = signing(NOON + timedelta(minutes=4, seconds=59), HOUR)
    next_ = signing(NOON + timedelta(minutes=5), HOUR)

    assert first == last
    assert next_ != first


@pytest.mark.parametrize("late", range(0, 600, 7))
@pytest.mark.parametrize("seconds", [60, 61, 3600, 604_700, 604_800])
def test_a_link_is_good_for_as_long_as_was_said_and_for_what_s3_takes(
    late: int, seconds: int
) -> None:
    now, expires = NOON + timedelta(seconds=late), timedelta(seconds=seconds)

    signed, good_for = signing(now, expires)

    assert signed <= now
    assert signed + good_for >= now + expires
    assert good_for <= min(1.5 * expires, timedelta(days=7))
    assert good_for == timedelta(seconds=good_for.total_seconds() // 1), "S3 counts in seconds"
