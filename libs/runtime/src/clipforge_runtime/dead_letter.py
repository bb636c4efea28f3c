"""The dead letter of a delivery: a sentence for the user, and all that the operator needs."""

from typing import Final

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import StageFailed
from clipforge_contracts import subjects
from clipforge_contracts.facts import project_of
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Plan
from clipforge_runtime.bus import Delivery
from clipforge_runtime.cause import Cause
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.logs import redact
from clipforge_runtime.storage import NotFound

# A fact has at most 64 KB, and a letter may have four bytes.
KEPT_BYTES: Final = 48 * 1024
SENTENCE_LETTERS: Final = 1000
DETAIL_LETTERS: Final = 2000

UNREADABLE: Final = "unreadable"  # of a message; what it was about is begun anew from the rows
GONE: Final = (
    "Something that was made of this film is no longer stored. "
    "Submit the film again; if that does not help, tell the operator."
)
INTERNAL: Final = "Something went wrong inside ClipForge. It was tried again."


def of(cause: Cause, error: BaseException) -> StageFailed:
    """The dead letter of a cause that could be read."""
    reason, sentence, detail = _explain(error)
    failure = StageFailed(
        project=project_of(cause.fact),
        stage=cause.stage.name,
        job_id=cause.job,
        about=cause.stage.job_about(cause.fact),
        reason=reason,
        sentence=_text(sentence, SENTENCE_LETTERS) or INTERNAL,
        detail=_text(detail, DETAIL_LETTERS),
        attempts=cause.attempt,
        crashes=cause.crashes,
        cause_id=cause.fact_id,
    )
    return _with_cause(failure, cause.delivery)


def of_unreadable(stage: Stage, delivery: Delivery, error: Exception, job: str) -> StageFailed:
    """The dead letter of bytes that are no fact of ours, or under no subject of ours."""
    try:
        subject = subjects.parse(delivery.subject)
        tenant, project, about = subject.tenant, subject.project, subject.about
    except ValueError:
        tenant, project, about = subjects.NOTHING, subjects.NOTHING, ""
    failure = StageFailed(
        project=ProjectRef(tenant_id=tenant, project_id=project, plan=Plan.FREE.wire),
        stage=stage.name,
        job_id=job,
        about=about,
        reason=UNREADABLE,
        sentence="An internal message could not be read. Please tell the operator.",
        detail=_text(f"{delivery.subject}: {error}", DETAIL_LETTERS),
    )
    return _with_cause(failure, delivery)


def _with_cause(failure: StageFailed, delivery: Delivery) -> StageFailed:
    failure.cause_type = _text(delivery.headers.get("ce-type", ""), DETAIL_LETTERS)
    failure.cause = delivery.data[:KEPT_BYTES]
    failure.cause_sequence = delivery.sequence
    return failure


def _explain(error: BaseException) -> tuple[str, str, str]:
    """Reason code, sentence for the user, detail for the operator."""
    match error:
        case Permanent():
            return error.reason, str(error), error.detail or repr(error.__cause__ or error)
        case NotFound():
            return "gone", GONE, f"not in the object store: {error}"
        case Transient():
            return "exhausted", str(error), repr(error.__cause__ or error)
        case _:
            return "internal", INTERNAL, repr(error)


def _text(text: str, letters: int) -> str:
    """Fit for the log: without secrets, without the half letters of odd file names, and short."""
    return redact(text).encode(errors="replace").decode()[:letters]
