"""Subjects: what is built can be read back, and nothing else is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge.v1.facts_pb2 import ExportRequested, ProjectSubmitted
from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, about, project_of
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import PIPELINE, TRANSCRIPTION
from clipforge_contracts.plans import Priority
from samples import every_fact


@pytest.mark.parametrize("fact", every_fact(), ids=lambda fact: fact.DESCRIPTOR.name)
def test_a_subject_reads_back_as_what_was_written(fact: Fact) -> None:
    subject = subjects.fact_subject(fact)

    assert subjects.parse(str(subject)) == subject
    assert subject.about == about(fact)


def test_an_export_of_a_business_tenant_is_critical() -> None:
    [export] = [fact for fact in every_fact() if isinstance(fact, ExportRequested)]
    [submitted] = [fact for fact in every_fact() if isinstance(fact, ProjectSubmitted)]

    assert subjects.fact_subject(export).priority is Priority.CRITICAL
    assert subjects.fact_subject(submitted).priority is Priority.HIGH


def test_a_retry_keeps_priority_lane_and_tenant() -> None:
    cause = subjects.fact_subject(every_fact()[0])

    retry = subjects.retry(cause, TRANSCRIPTION, "job_1")

    assert str(retry) == (
        f"retries.transcription.{cause.priority}.{cause.lane}.{cause.tenant}.{cause.project}.job_1"
    )
    assert subjects.schedule(retry, 7) == f"schedules.{str(retry).partition('.')[2]}.7"


@given(st.text())
def test_no_text_can_smuggle_a_token(text: str) -> None:
    fact = every_fact()[0]
    project_of(fact).tenant_id = text

    try:
        built = str(subjects.fact_subject(fact))
    except ValueError:
        return
    assert len(built.split(".")) == 7
    assert not set(built) & set("*> \r\n\t")


@pytest.mark.parametrize(
    "text", ["", "facts", "facts.a.b.c", "facts.x.high.l0.t.p.a.b", "other.x.high.l0.t.p.a"]
)
def test_what_is_no_subject_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"subject|token"):
        subjects.parse(text)


def test_no_two_consumers_of_the_log_share_a_filter() -> None:
    filters = [
        pattern
        for stage in PIPELINE
        for priority in Priority
        for lane in Lane
        for pattern in subjects.work(stage, priority, lane)
    ]

    assert len(filters) == len(set(filters))
