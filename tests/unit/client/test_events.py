"""What `clipforge events tail` prints for people."""

from typing import Any

from clipforge_client.commands.events import news
from clipforge_client.models import Event


def progress(percent: float, **more: Any) -> Event:
    return Event(name="progress", data={"percent": percent, "step": "transcribing", **more})


def test_progress_that_says_the_same_again_is_left_out() -> None:
    cut = Event(name="chunk-cut", id="1-1", data={})
    again = progress(7.0, seconds_left=12)

    seen = list(news([cut, cut, progress(7.0), again, progress(8.0), cut, progress(8.0)]))

    assert seen == [cut, cut, progress(7.0), progress(8.0), cut, progress(8.0)]
