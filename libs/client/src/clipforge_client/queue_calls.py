"""Queues, jobs, dead letters and health as requests and answers. See calls.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from clipforge_client.calls import Call, given, id_in_path, page_of
from clipforge_client.models import (
    Alive,
    DeadLetter,
    Health,
    Job,
    Page,
    Queue,
    Replayed,
    TenantShare,
)

TOLD_AWAY: Final = (503,)  # health tells what is away, as a good answer does


def queues() -> Call[dict[str, Queue]]:
    return Call("GET", "/v1/queues/metrics", TypeAdapter(dict[str, Queue]).validate_python)


def get_queue(queue: str) -> Call[Queue]:
    return Call("GET", f"{_path(queue)}/metrics", Queue.model_validate)


def queue_tenants(queue: str, cursor: str, limit: int) -> Call[Page[TenantShare]]:
    read = Page[TenantShare].model_validate
    return Call("GET", f"{_path(queue)}/tenants", read, page_of(cursor, limit))


def get_job(queue: str, job: str) -> Call[Job]:
    return Call("GET", f"{_path(queue)}/jobs/{id_in_path(job)}", Job.model_validate)


def pause_queue(queue: str) -> Call[Queue]:
    return Call("POST", f"{_path(queue)}/pause", Queue.model_validate)


def resume_queue(queue: str) -> Call[Queue]:
    return Call("POST", f"{_path(queue)}/resume", Queue.model_validate)


def list_jobs(wanted: Mapping[str, Any], cursor: str, limit: int) -> Call[Page[Job]]:
    params = {**given(wanted), **page_of(cursor, limit)}
    return Call("GET", "/v1/jobs", Page[Job].model_validate, params)


def list_dead_letters(wanted: Mapping[str, Any], cursor: str, limit: int) -> Call[Page[DeadLetter]]:
    params = {**_said(wanted), **page_of(cursor, limit)}
    return Call("GET", "/v1/dead-letters", Page[DeadLetter].model_validate, params)


def get_dead_letter(job: str) -> Call[DeadLetter]:
    return Call("GET", f"/v1/dead-letters/{id_in_path(job)}", DeadLetter.model_validate)


def replay_dead_letter(job: str) -> Call[Job]:
    return Call("POST", f"/v1/dead-letters/{id_in_path(job)}/replay", Job.model_validate)


def replay_dead_letters(wanted: Mapping[str, Any]) -> Call[Replayed]:
    said = _said(wanted)
    body = said if said.keys() - {"tenant"} else {**said, "all": True}
    return Call("POST", "/v1/dead-letters/replay", Replayed.model_validate, body=body)


def health() -> Call[Health]:
    return Call("GET", "/health", Health.model_validate, good=TOLD_AWAY)


def live() -> Call[bool]:
    return Call("GET", "/health/live", lambda body: Alive.model_validate(body).alive)


def ready() -> Call[dict[str, bool]]:
    read = TypeAdapter(dict[str, bool]).validate_python
    return Call("GET", "/health/ready", read, good=TOLD_AWAY)


def _path(queue: str) -> str:
    return f"/v1/queues/{id_in_path(queue)}"


def _said(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, times as the API takes them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given(wanted).items()
    }
