from typing import Any

import pytest

from scheduling.core.figures import Difference, Sort, differences, section, sections, with_figures
from scheduling.core.protocol import parse, shipped_document


@pytest.fixture
def document() -> dict[str, Any]:
    return shipped_document()


def test_every_rule_and_laser_is_a_section(document: dict[str, Any]) -> None:
    keys = [part.key for part in sections(document)]
    assert keys == [
        *(f"rules/{row['id']}" for row in document["rules"]),
        *(f"modalities/{name}" for name in document["modalities"]),
    ]


def test_every_number_and_severity_of_the_document_is_a_figure(document: dict[str, Any]) -> None:
    """Nothing that the rules calculate with hides from the medical lead."""
    calculated = 0
    for part in (*document["rules"], *document["modalities"].values()):
        calculated += leaves(part)
    shown = sum(
        figure.value is not None and figure.sort in {Sort.NUMBER, Sort.SEVERITY, Sort.FLAG}
        for part in sections(document)
        for figure in part.figures
    )
    assert shown == calculated


def leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(leaves(each) for each in value.values())
    if isinstance(value, list):
        return sum(leaves(each) for each in value)
    return isinstance(value, int) or value in {"hard", "override", "advisory"}


def test_keys_of_figures_are_their_own(document: dict[str, Any]) -> None:
    keys = [figure.key for part in sections(document) for figure in part.figures]
    assert len(keys) == len(set(keys))


def test_figures_put_back_as_they_are_change_nothing(document: dict[str, Any]) -> None:
    same = {figure.key: figure.value for part in sections(document) for figure in part.figures}
    assert with_figures(document, same) == document


def test_changed_figures_make_a_new_document_and_leave_the_old(document: dict[str, Any]) -> None:
    made = with_figures(
        document,
        {"rules/SEED-GAP-RF/tiers/0/below": 10, "modalities/ipl/recovery/face/2": 12},
    )
    assert document == shipped_document()
    assert differences(document, made) == (
        Difference(section="SEED-GAP-RF", label="below how many days", before=7, after=10),
        Difference(
            section="ipl", label="recovery of a face-sized area: most days", before=10, after=12
        ),
    )
    parse(made)


def test_tier_is_added_and_taken_away(document: dict[str, Any]) -> None:
    key = "rules/SEED-GAP-RF/tiers"
    more = with_figures(document, {f"{key}/1/below": 14, f"{key}/1/severity": "override"})
    fewer = with_figures(more, {f"{key}/1/below": None, f"{key}/1/severity": None})

    assert tiers(more) == [[7, "hard"], [14, "override"]]
    assert tiers(fewer) == [[7, "hard"]]
    assert fewer == document
    assert differences(more, fewer) == (
        Difference(section="SEED-GAP-RF", label="below how many days", before=14, after=None),
        Difference(section="SEED-GAP-RF", label="severity then", before="override", after=None),
    )


def tiers(document: dict[str, Any]) -> Any:
    return next(row for row in document["rules"] if row["id"] == "SEED-GAP-RF")["tiers"]


def test_intervals_of_an_area_are_figures_too(document: dict[str, Any]) -> None:
    key = "modalities/laser_hair_removal/interval_tiers/face/0/below"
    made = with_figures(document, {key: 15})
    assert made["modalities"]["laser_hair_removal"]["interval_tiers"]["face"][0] == [15, "hard"]


@pytest.mark.parametrize("key", ["rules/NONE/severity", "rules/SEED-GAP-RF/id", "area_tree/body"])
def test_figure_that_is_none_is_refused(document: dict[str, Any], key: str) -> None:
    with pytest.raises(KeyError):
        with_figures(document, {key: 1})


def test_rule_that_only_one_document_has_is_a_difference(document: dict[str, Any]) -> None:
    less = {**document, "rules": document["rules"][1:]}
    gone = Difference(section="SEED-GAP-RF", label="the rule", before="in force", after=None)
    back = Difference(section="SEED-GAP-RF", label="the rule", before=None, after="in force")
    assert (differences(document, less), differences(less, document)) == ((gone,), (back,))


def test_section_that_is_none_is_not_found(document: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        section(document, "rules/NONE")
