"""The pipeline table, the folders and the README agree."""

from pathlib import Path

from clipforge_contracts.facts import TYPES, fact_name
from clipforge_contracts.pipeline import PIPELINE

ROOT = Path(__file__).parents[2]


def test_every_stage_has_a_service() -> None:
    for stage in PIPELINE:
        package = f"clipforge_{stage.name.replace('-', '_')}"
        sources = ROOT / "services" / stage.name / "src" / package

        assert (sources / "__main__.py").is_file(), sources
        assert (sources / "handler.py").is_file(), sources


def test_no_fact_feeds_two_stages() -> None:
    fed = [kind for stage in PIPELINE for kind in stage.consumes]

    assert len(fed) == len(set(fed))


def test_an_outcome_is_stated_by_its_stage() -> None:
    for stage in PIPELINE:
        assert set(stage.outcomes) <= set(stage.states)
        assert set(stage.ends) <= set(stage.consumes)
        assert set(stage.parts) <= set(stage.consumes)
        assert {*stage.states, *stage.consumes} <= set(TYPES)


def test_the_readme_names_what_each_stage_feeds_on_and_states() -> None:
    readme = (ROOT / "README.md").read_text()

    for stage in PIPELINE:
        feeds_on = ", ".join(fact_name(kind) for kind in stage.consumes)
        states = ", ".join(fact_name(kind) for kind in stage.states)
        assert f"| {stage.name} | {feeds_on} | {states} |" in readme
