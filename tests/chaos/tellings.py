"""What users are told by webhooks: each end of a film or an export, at least once, as one thing."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from chaos import account
from chaos.evidence import Evidence, Told
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.webhooks import (
    EXPORT_COMPLETED,
    EXPORT_FAILED,
    PROJECT_FAILED,
    PROJECT_READY,
)
from receivers import Received

OF_PROJECT: Final = {"ready": PROJECT_READY, "failed": PROJECT_FAILED}
OF_EXPORT: Final = {"completed": EXPORT_COMPLETED, "failed": EXPORT_FAILED}
Happening = tuple[str, str]  # an event, and what it is about


def heard(requests: Sequence[Received]) -> tuple[Told, ...]:
    """What came to an endpoint, read."""

    def read(one: Received) -> Told:
        body = json.loads(one.body)
        data = body["data"]
        return Told(one.message_id, body["type"], data.get("export_id") or data["project_id"])

    return tuple(map(read, requests))


def untold(evidence: Evidence) -> Iterator[str]:
    """Ends that nobody was told of, and deliveries that are not delivered."""
    if not evidence.asked.listening:
        return
    told = {(one.event, one.about) for one in evidence.told}
    for event, about in sorted(_happened(evidence) - told):
        yield f"{event} of {about} was told to nobody"
    for message, state in evidence.rows.delivered:
        if state != "delivered":
            yield f"the delivery of {message} is {state}"


def told_twice(evidence: Evidence) -> Iterator[str]:
    """The same event as several messages: a receiver would take them for two."""
    messages: defaultdict[Happening, set[str]] = defaultdict(set)
    for one in evidence.told:
        messages[one.event, one.about].add(one.message_id)
    for (event, about), ids in messages.items():
        if len(ids) > 1:
            yield f"{event} of {about} was told as {len(ids)} messages"


def made_up(evidence: Evidence) -> Iterator[str]:
    """What was told, and has not happened; messages that no delivery accounts for."""
    happened = _happened(evidence) | set(_failed_before(evidence))
    known = {message for message, _ in evidence.rows.delivered}
    for one in evidence.told:
        if (one.event, one.about) not in happened:
            yield f"{one.event} of {one.about} was told, and has not happened"
        elif one.message_id not in known:
            yield f"the message {one.message_id} of {one.event} is no delivery"


def _happened(evidence: Evidence) -> set[Happening]:
    rows = evidence.rows
    projects = {(OF_PROJECT[row.state], row.id) for row in rows.projects if row.state in OF_PROJECT}
    exports = {(OF_EXPORT[row.state], row.id) for row in rows.exports if row.state in OF_EXPORT}
    return projects | exports


def _failed_before(evidence: Evidence) -> Iterator[Happening]:
    """What had failed, and was told of, before it was cancelled, as rows say now."""
    for entry, fact in account.read(evidence):
        if isinstance(fact, facts.StageFailed):
            project = fact.project.project_id
            if not account.cancelled_before(evidence, entry, project):
                yield PROJECT_FAILED if fact.about == project else EXPORT_FAILED, fact.about
