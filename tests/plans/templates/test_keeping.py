"""Templates kept through their verbs: checked, signed, told of, at the version that was read."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from plans import templates
from plans.models import PlanTemplate, TemplateLag, TemplateStep
from plans.templates import Draft
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, Refused, StaleVersion, WrongState
from scheduling.models import Change
from tests import cast
from tests.cast import NOW
from tests.plans.templates import courses
from tests.plans.templates.courses import lag, minutes, step

pytestmark = pytest.mark.django_db
BY = cast.clinician


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def scars(clinic: cast.Clinic) -> PlanTemplate:
    return templates.create(draft=courses.scars(clinic), by=BY(), now=NOW)


def save(template: PlanTemplate, draft: Draft, version: int | None = 1) -> PlanTemplate:
    return templates.save(template_id=template.pk, draft=draft, version=version, by=BY(), now=NOW)


def rows() -> list[Any]:
    tables = (PlanTemplate, TemplateStep, TemplateLag, Change)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_template_is_kept_as_it_was_drafted(clinic: cast.Clinic, scars: PlanTemplate) -> None:
    kept = templates.with_steps(PlanTemplate.objects.all()).get()
    assert templates.draft_of(kept) == courses.scars(clinic)
    told = Change.objects.get(subject="plantemplate")
    assert (told.verb, told.by, told.what["name"]) == ("add", "Dr Clinician", [None, "Scars"])
    assert told.what["steps"][1][1].startswith("2 x Laser resurfacing (treatment ")
    assert told.what["steps"][1][1].endswith(
        "; Laser resurfacing: 1 to 60 days after Consultation; "
        "Laser resurfacing: 56 to 84 days after the one before, best 56"
    )


def test_contradiction_keeps_nothing(clinic: cast.Clinic) -> None:
    before = rows()
    bad = courses.draft(
        step(clinic.consultation), step(clinic.resurfacing), step(clinic.filler, lag(2, 0, 5))
    )
    with pytest.raises(Refused) as refused:
        templates.create(draft=bad, by=BY(), now=NOW)
    assert {(each.code, each.arithmetic) for each in refused.value.reasons} == {
        ("SEED-GAP-RF", "5 < 7"),
        ("SEED-RECOVERY", "5 < 10"),
    }
    assert not refused.value.overridable
    assert rows() == before


def test_change_is_whole_and_raises_the_version(clinic: cast.Clinic, scars: PlanTemplate) -> None:
    other = courses.draft(step(clinic.consultation), name="Only a talk", code="talk")
    assert save(scars, other).version == 2
    kept = templates.with_steps(PlanTemplate.objects.all()).get()
    assert templates.draft_of(kept) == other
    told = Change.objects.filter(subject="plantemplate").latest("pk")
    assert (told.verb, told.what["name"]) == ("change", ["Scars", "Only a talk"])
    assert [len(steps) for steps in told.what["steps"]] == [3, 1]


def test_change_of_nothing_leaves_no_trace(clinic: cast.Clinic, scars: PlanTemplate) -> None:
    before = rows()
    assert save(scars, courses.scars(clinic)).version == 1
    assert rows() == before


def test_refused_change_leaves_the_template(clinic: cast.Clinic, scars: PlanTemplate) -> None:
    before = rows()
    draft = courses.scars(clinic)
    tight = replace(draft.steps[2], lags=(lag(2, 0, 5),))
    with pytest.raises(Refused):
        save(scars, replace(draft, steps=(*draft.steps[:2], tight)))
    assert rows() == before


def test_version_that_is_not_the_latest_is_turned_away(
    clinic: cast.Clinic, scars: PlanTemplate
) -> None:
    save(scars, courses.scars(clinic, name="Scars, again"))
    with pytest.raises(StaleVersion) as stale:
        save(scars, courses.scars(clinic, name="Mine"))
    assert (stale.value.facts, PlanTemplate.objects.get().name) == ({"version": 2}, "Scars, again")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told_to_read_again() -> None:
    """Real threads, real locks: both read version 1, and one of the changes is lost to nobody."""
    clinic = cast.build()
    scars = templates.create(draft=courses.scars(clinic), by=Actor(name="x"), now=NOW)
    gate = threading.Barrier(2)

    def change(name: str) -> str:
        try:
            gate.wait(10)
            draft = courses.scars(clinic, note=name)
            templates.save(
                template_id=scars.pk, draft=draft, version=1, by=Actor(name=name), now=NOW
            )
        except StaleVersion:
            return "stale"
        finally:
            connection.close()
        return name

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(change, ["one", "two"]))
    kept = PlanTemplate.objects.get()
    assert sorted(told) == sorted([kept.note, "stale"])
    assert (kept.version, TemplateStep.objects.count()) == (2, 3)


def test_copy_is_a_template_of_its_own(clinic: cast.Clinic, scars: PlanTemplate) -> None:
    mine = templates.copy(template_id=scars.pk, code="mine", name="Mine", by=BY(), now=NOW)
    assert templates.draft_of(mine) == courses.scars(clinic, code="mine", name="Mine")
    save(mine, courses.draft(step(clinic.consultation), code="mine", name="Mine"))
    assert templates.draft_of(scars) == courses.scars(clinic)


def test_retired_template_is_no_longer_listed_and_can_come_back(scars: PlanTemplate) -> None:
    at = {"template_id": scars.pk, "version": None, "by": BY(), "now": NOW}
    templates.retire(**at)
    assert list(templates.listed()) == []
    with pytest.raises(WrongState):
        templates.retire(**at)
    assert templates.reinstate(**at).version == 3
    with pytest.raises(WrongState):
        templates.reinstate(**at)
    verbs = Change.objects.filter(subject="plantemplate").order_by("pk")
    assert [told.verb for told in verbs] == ["add", "retire", "reinstate"]


def test_retired_template_that_the_protocol_outgrew_stays_retired(
    clinic: cast.Clinic, scars: PlanTemplate
) -> None:
    at = {"template_id": scars.pk, "version": None, "by": BY(), "now": NOW}
    templates.retire(**at)
    TemplateLag.objects.filter(step__position=3).update(least=0, target=None, most=5)
    with pytest.raises(Refused):
        templates.reinstate(**at)


@pytest.mark.parametrize("field", ["code", "name"])
def test_name_or_code_of_another_template_is_taken(
    clinic: cast.Clinic, scars: PlanTemplate, field: str
) -> None:
    facts = {"code": "other", "name": "Other", field: getattr(scars, field)}
    with pytest.raises(Malformed, match=f"Another template has this {field}") as taken:
        templates.create(draft=courses.scars(clinic, **facts), by=BY(), now=NOW)
    assert taken.value.facts == {"field": field}


def test_template_that_is_not_there_is_not_found(clinic: cast.Clinic) -> None:
    with pytest.raises(NotFound):
        templates.copy(template_id=9, code="x", name="x", by=BY(), now=NOW)
    with pytest.raises(NotFound):
        templates.retire(template_id=9, version=None, by=BY(), now=NOW)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": " "}, "Give the template a name"),
        ({"name": "x" * 121}, "at most 120 letters"),
        ({"code": ""}, "A code has 1 to 60 letters"),
        ({"code": "a b"}, "A code has 1 to 60 letters"),
        ({"indication": "wings"}, "Unknown indication: wings"),
        ({"sureness": "E"}, "Sureness is A, B, C or D"),
        ({"steps": ()}, "1 to 20 steps"),
        ({"treatment_id": 987654}, "Step 1: there is no such treatment"),
        ({"minutes": 50}, "Laser resurfacing takes 30 to 45 minutes, in fives"),
        ({"minutes": 32}, "in fives"),
        ({"step_name": ""}, "Step 1: give it a name"),
        ({"step_name": "x" * 81}, "at most 80 letters"),
        ({"repeat": 0}, "repeat it 1 to 40 times"),
        ({"repeat": 41}, "repeat it 1 to 40 times"),
        ({"areas": ("wings",)}, "unknown area: wings"),
        ({"size": "huge"}, "unknown size or depth"),
        ({"depth": "bottomless"}, "unknown size or depth"),
        ({"lags": (lag(2),)}, "a lag counts from an earlier step"),
        ({"lags": (lag(0),)}, "a lag counts from an earlier step"),
        ({"lags": (lag(1),)}, "no lag lies between its sessions"),
        ({"repeat": 2, "lags": (lag(1, 9, 8),)}, "least, target and most are in order"),
        ({"repeat": 2, "lags": (lag(1, 9, 99, target=8),)}, "are in order"),
        ({"repeat": 2, "lags": (lag(1, 60, 84), lag(1, 60, 90))}, "one lag in days and one in"),
        ({"repeat": 2, "lags": (minutes(1, 0, 32_768),)}, "a lag is 0 to 32767"),
    ],
    ids=str,
)
def test_draft_without_sense_is_malformed(
    clinic: cast.Clinic, change: dict[str, Any], sentence: str
) -> None:
    whole = {
        key: change[key] for key in ("name", "code", "indication", "sureness") if key in change
    }
    own = {key: value for key, value in change.items() if key not in whole and key != "steps"}
    own |= {"name": own.pop("step_name")} if "step_name" in own else {}
    one = replace(step(clinic.resurfacing), **own)
    draft = courses.draft(*change.get("steps", (one,)), **whole)
    with pytest.raises((Malformed, NotFound), match=sentence):
        templates.create(draft=draft, by=BY(), now=NOW)
    assert not PlanTemplate.objects.exists()


def test_treatment_that_is_not_offered_any_more_is_malformed(clinic: cast.Clinic) -> None:
    clinic.filler.active = False
    clinic.filler.save()
    with pytest.raises(Malformed, match="Filler is not offered any more"):
        templates.create(draft=courses.scars(clinic), by=BY(), now=NOW)
