"""The templates that come with the program: sourced, legal, and never in the clinic's way."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from plans import templates
from plans.models import PlanTemplate
from plans.templates.drafts import outline
from plans.templates.proving import prove
from plans.templates.shipped import draft_from, shipped_document
from scheduling import protocols
from scheduling.core.protocol import shipped
from scheduling.core.words import Actor
from tests import cast
from tests.cast import NOW
from tests.plans.templates import courses

ROWS: list[dict[str, Any]] = shipped_document()["templates"]
CODES = [row["code"] for row in ROWS]
BY = Actor(name="loader")

pytestmark = pytest.mark.django_db


@pytest.fixture
def offers() -> dict[str, int]:
    """Offer every procedure that a shipped template names."""
    cast.active_protocol()
    named = {step["procedure"] for row in ROWS for step in row["steps"]}
    return {procedure: courses.offer(procedure).pk for procedure in sorted(named)}


@pytest.mark.parametrize("row", ROWS, ids=CODES)
def test_shipped_template_has_a_source_and_its_sureness(row: dict[str, Any]) -> None:
    assert (len(row["source"]) > 40, len(row["note"]) > 40) == (True, True)
    assert row["sureness"] in {"A", "B", "C", "D"}
    assert row["indication"] in shipped().indications
    assert {step["procedure"] for step in row["steps"]} <= shipped().procedures


@pytest.mark.parametrize("row", ROWS, ids=CODES)
def test_shipped_template_is_satisfied_by_the_shipped_protocol(
    row: dict[str, Any], offers: dict[str, int]
) -> None:
    course = outline(draft_from(row, offers), protocol=shipped())
    for profiles in (frozenset[str](), frozenset(shipped().profiles)):
        found = prove(course, shipped(), profiles)
        assert (found.contradictions, found.cautions) == ((), ())


def test_targets_lie_at_or_above_the_protocols_usual_interval() -> None:
    for row in ROWS:
        for step in row["steps"]:
            modality = shipped().modalities.get(step["procedure"])
            own = [each for each in step.get("lags", ()) if each["after"] == "self"]
            if modality and own:
                asked = max(t[-1].below for t in modality.intervals.values())
                assert own[0]["target"] >= asked, row["code"]


def test_loading_twice_adds_nothing_and_changes_nothing(offers: dict[str, int]) -> None:
    first = templates.load_shipped(by=BY, now=NOW)
    assert (sorted(first.added), first.waiting, first.refused) == (sorted(CODES), {}, {})
    mine = PlanTemplate.objects.get(code=CODES[0])
    PlanTemplate.objects.filter(pk=mine.pk).update(name="Ours", active=False)
    again = templates.load_shipped(by=BY, now=NOW)
    assert (again.added, sorted(again.kept)) == ([], sorted(CODES))
    mine.refresh_from_db()
    assert (mine.name, mine.active, mine.version) == ("Ours", False, 1)


def test_what_the_clinic_does_not_offer_waits_until_it_does() -> None:
    cast.build()
    loaded = templates.load_shipped(by=BY, now=NOW)
    assert loaded.added == ["acne-scars-fractional-ablative"]
    assert loaded.waiting["vascular-pdl-x3"] == ["patch_test", "vascular_pdl"]
    courses.offer("fractional_nonablative")
    again = templates.load_shipped(by=BY, now=NOW)
    assert again.added == ["nonablative-fractional-x4", "surgery-scar-nonablative-x3"]


def test_treatment_is_the_first_that_is_still_offered(offers: dict[str, int]) -> None:
    second = cast.treatment("Another filler", "filler", (30, 30, 45), {})
    templates.load_shipped(by=BY, now=NOW)
    step = PlanTemplate.objects.get(code=CODES[0]).steps.get(treatment__procedure="filler")
    assert step.treatment_id == offers["filler"] != second.pk


def test_what_the_clinics_own_protocol_forbids_is_named_and_left_out(
    offers: dict[str, int],
) -> None:
    version = protocols.active()
    assert version is not None
    strict = protocols.copy(version_id=version.pk, name="Strict", by=BY, now=NOW)
    change = {"rules/SEED-GAP-RF/tiers/0/below": 90}
    protocols.amend(version_id=strict.pk, new=change, by=BY, now=NOW)
    protocols.activate(version_id=strict.pk, by=BY, now=NOW)
    loaded = templates.load_shipped(by=BY, now=NOW)
    assert loaded.refused == {
        CODES[0]: [
            (
                "Filler after Fractional ablative laser 3: at most 84 days is less than the 90 "
                "days that SEED-GAP-RF asks."
            )
        ]
    }


def test_name_that_is_taken_is_left_alone(offers: dict[str, int]) -> None:
    PlanTemplate.objects.create(code="ours", name=ROWS[0]["name"])
    loaded = templates.load_shipped(by=BY, now=NOW)
    assert loaded.refused == {CODES[0]: ["Another template has this name."]}


def test_command_says_what_became_of_each() -> None:
    cast.build()
    out = StringIO()
    call_command("load_plan_templates", stdout=out)
    call_command("load_plan_templates", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2 * len(ROWS)
    assert f"{CODES[0]}: added" in lines
    assert f"{CODES[0]}: there already, left alone" in lines
    assert "hair-removal-x6: waits for a treatment of laser_hair_removal, patch_test" in lines
