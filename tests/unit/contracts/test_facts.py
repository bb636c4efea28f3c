"""Facts: both ends validate, and the payloads of former versions stay readable."""

from pathlib import Path

import pytest

from clipforge.v1.documents_pb2 import Clip
from clipforge.v1.facts_pb2 import ClipsDetected, ProjectCancelled, ProjectSubmitted, StageFailed
from clipforge_contracts.documents import from_json, to_json
from clipforge_contracts.facts import (
    MAX_BYTES,
    TYPES,
    Fact,
    Unreadable,
    ce_type,
    decode,
    encode,
    fact_name,
)
from clipforge_contracts.validation import Invalid
from samples import clip, every_fact, project

GOLDEN = Path(__file__).parent / "golden"


def test_there_is_a_sample_of_every_fact() -> None:
    assert tuple(type(fact) for fact in every_fact()) == TYPES


@pytest.mark.parametrize("fact", every_fact(), ids=lambda fact: fact.DESCRIPTOR.name)
def test_a_fact_reads_back_as_it_was_written(fact: Fact) -> None:
    assert decode(ce_type(fact), encode(fact)) == fact


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.bin")), ids=lambda file: file.stem)
def test_the_payloads_of_former_versions_are_read(file: Path) -> None:
    """Golden payloads are never changed: a reader of today must understand writers of then."""
    name, _, _ = file.stem.partition("@")
    [sample] = [fact for fact in every_fact() if fact_name(fact) == name]

    fact = decode(ce_type(sample), file.read_bytes())

    assert fact_name(fact) == name
    assert fact == sample


def test_every_fact_has_a_golden_payload() -> None:
    kept = {file.stem.partition("@")[0] for file in GOLDEN.glob("*.bin")}

    assert kept == {fact_name(fact) for fact in every_fact()}


def test_a_fact_without_its_project_is_refused_by_its_writer() -> None:
    with pytest.raises(Invalid, match="project"):
        encode(ProjectCancelled())


def test_bytes_that_are_no_fact_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        decode("clipforge.v1.ProjectCancelled", b"\xff\xff")
    with pytest.raises(Unreadable, match="no fact"):
        decode("clipforge.v1.Nonsense", b"")


def test_a_fact_that_breaks_a_rule_is_unreadable() -> None:
    backwards = ClipsDetected(project=project(), clips_key="k", clips=[clip()])
    backwards.clips[0].end_ms = 1

    with pytest.raises(Unreadable, match="ends at 1 ms"):
        decode(ce_type(backwards), backwards.SerializeToString())


def test_a_fact_above_64_kilobytes_is_refused() -> None:
    [failed] = [fact for fact in every_fact() if isinstance(fact, StageFailed)]
    failed.cause = b"x" * MAX_BYTES

    with pytest.raises(Invalid, match="at most"):
        encode(failed)


def test_an_unknown_aspect_is_refused() -> None:
    [submitted] = [fact for fact in every_fact() if isinstance(fact, ProjectSubmitted)]
    submitted.options.render.aspect = "2:1"

    with pytest.raises(Invalid, match="aspect is '2:1'"):
        encode(submitted)


def test_a_document_ignores_the_fields_of_a_newer_writer() -> None:
    body = to_json(clip()).replace(b"{", b'{"from_tomorrow": 1, ', 1)

    assert from_json(body, Clip) == clip()


def test_the_same_document_gives_the_same_bytes() -> None:
    assert to_json(clip()) == to_json(clip())
    assert b'"start_ms":' in to_json(clip())
