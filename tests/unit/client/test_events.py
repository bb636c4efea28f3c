"""What `clipforge events tail` prints for people."""

from typing import Any

import httpx
import pytest

from clipforge_client.commands import events as commands
from clipforge_client.commands.events import news
from clipforge_client.errors import Forbidden
from clipforge_client.models import Event
from scripted_gateway import Talk, problem


def progress(percent: float, **more: Any) -> Event:
    return Event(name="progress", data={"percent": percent, "step": "transcribing", **more})


def test_progress_that_says_the_same_again_is_left_out() -> None:
    cut = Event(name="chunk-cut", id="1-1", data={})
    again = progress(7.0, seconds_left=12)

    seen = list(news([cut, cut, progress(7.0), again, progress(8.0), cut, progress(8.0)]))

    assert seen == [cut, cut, progress(7.0), progress(8.0), cut, progress(8.0)]


def test_progress_of_another_project_is_news() -> None:
    one, other = progress(7.0, project_id="prj_1"), progress(7.0, project_id="prj_2")

    assert list(news([one, other, other])) == [one, other]


def test_what_happens_to_all_projects_says_to_which_one(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "".join(
        f'event: progress\ndata: {{"project_id": "{project}", "percent": 7}}\n\n'
        for project in ("prj_1", "prj_2")
    )
    client, gateway = talk(httpx.Response(200, text=told), problem(403, "No more"))
    monkeypatch.setattr(commands, "Client", lambda: client)

    with pytest.raises(Forbidden):
        commands.tail(project_id=None)

    assert gateway.requests[0].url.path == "/v1/events"
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["prj_1", "prj_2"]
