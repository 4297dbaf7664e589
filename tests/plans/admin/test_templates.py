"""Templates on the screen: read by everybody at the desk, written by those who make plans."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plans import templates
from plans.models import PlanTemplate, TemplateLag
from plans.templates import Draft
from scheduling.core.words import Actor
from scheduling.models import Change
from tests import cast
from tests.cast import NOW
from tests.plans.templates import courses
from tests.plans.templates.courses import lag, step
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.forms import told

LIST = "/admin/plans/plantemplate/"
ADD = f"{LIST}add/"
MAKER = Actor(name="Dr Maker")


@pytest.fixture
def scars(clinic: cast.Clinic) -> PlanTemplate:
    return templates.create(draft=courses.scars(clinic), by=MAKER, now=NOW)


def page(template: PlanTemplate, name: str = "change") -> str:
    return reverse(f"admin:plans_plantemplate_{name}", args=[template.pk])


def shown(answer: Any) -> dict[str, Any]:
    """Read every field as the page shows it, as a browser would send it back."""
    sheet = answer.context["sheet"]
    forms = [sheet.form, sheet.steps.management_form, *sheet.steps, sheet.lags.management_form]
    found: dict[str, Any] = {}
    for form in [*forms, *sheet.lags]:
        for bound in form:
            value = bound.value()
            if value is True:
                found[bound.html_name] = "on"
            elif value is not None and value is not False:
                found[bound.html_name] = list(value) if isinstance(value, tuple) else value
    template = answer.context["template"]
    return found | ({"version": template.version} if template else {})


def send(client: Client, url: str, **typed: Any) -> Any:
    data = shown(client.get(url)) | typed
    return client.post(url, {key: value for key, value in data.items() if value is not None})


def errors(answer: Any) -> list[str]:
    sheet = answer.context["sheet"]
    return [
        *sheet.form.non_field_errors(),
        *(told.reason.sentence for told in sheet.refused),
        *(f"{key}: {said[0]}" for key, said in sheet.form.errors.items() if key != "__all__"),
        *(f"{key}: {e[0]}" for f in [*sheet.steps, *sheet.lags] for key, e in f.errors.items()),
    ]


def kept(template: PlanTemplate) -> Draft:
    return templates.draft_of(templates.with_steps(PlanTemplate.objects).get(pk=template.pk))  # type: ignore[arg-type]


@pytest.mark.parametrize("group", ["reception", "clinician", "manager"])
def test_template_is_read_as_sentences(scars: PlanTemplate, sign_in: SignIn, group: str) -> None:
    text = sign_in(group).get(page(scars)).content.decode()
    assert "Filler: 21 to 42 days after the last Laser resurfacing, best 28" in text
    assert "Laser resurfacing: 56 to 84 days after the one before, best 56" in text
    assert ("Keep this template" in text) == (group == "clinician")


@pytest.mark.parametrize(
    ("who", "looks", "writes"),
    [
        ("reception", 200, 403),
        ("manager", 200, 403),
        ("medical lead", 403, 403),
        ("stranger", 403, 403),
        ("clinician", 200, 302),
    ],
)
def test_those_who_make_plans_write_and_the_desk_reads(
    clinic: cast.Clinic, scars: PlanTemplate, sign_in: SignIn, who: str, looks: int, writes: int
) -> None:
    if who == "stranger":
        client = Client()
        client.force_login(cast.staff_user("nobody", clinic.site))
    else:
        client = sign_in(who)
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="a-long-password"))
    typed = shown(root.get(page(scars))) | {"name": "Renamed"}

    seen = [client.get(url).status_code for url in (LIST, page(scars))]
    doors = [page(scars), page(scars, "copy"), page(scars, "retire")]
    wrote = [client.post(url, typed).status_code for url in doors]
    added = client.get(ADD).status_code

    assert (seen, wrote) == ([looks] * 2, [writes] * 3)
    assert added == (200 if writes == 302 else 403)
    assert (kept(scars).name, Change.objects.exclude(by=MAKER.name).exists()) == (
        ("Renamed", True) if writes == 302 else ("Scars", False)
    )


def test_nobody_gets_in_without_signing_in(scars: PlanTemplate) -> None:
    for url in (LIST, ADD, page(scars)):
        answer = Client().get(url)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (
            302,
            reverse("admin:login"),
        )


def test_page_sent_back_as_it_was_changes_nothing(
    clinic: cast.Clinic, scars: PlanTemplate, doctor: Client
) -> None:
    assert send(doctor, page(scars)).status_code == 302
    assert (kept(scars), PlanTemplate.objects.get().version) == (courses.scars(clinic), 1)


def test_step_and_lag_are_added_and_deleted(
    clinic: cast.Clinic, scars: PlanTemplate, doctor: Client
) -> None:
    answer = send(
        doctor,
        page(scars),
        **{
            "steps-3-number": 4,
            "steps-3-name": "Review",
            "steps-3-treatment": clinic.review.pk,
            "steps-3-optional": "on",
            "lags-3-step": 4,
            "lags-3-after": 3,
            "lags-3-least": 7,
            "lags-3-most": 14,
            "lags-0-DELETE": "on",
        },
    )
    assert answer.status_code == 302
    draft = kept(scars)
    assert [(each.name, len(each.lags), each.optional) for each in draft.steps] == [
        ("Consultation", 0, False),
        ("Laser resurfacing", 1, False),
        ("Filler", 1, False),
        ("Review", 1, True),
    ]
    assert draft.steps[3].lags == (lag(3, 7, 14),)
    change = Change.objects.filter(subject="plantemplate").latest("pk")
    assert (change.verb, change.by) == ("change", "clinician")


def test_steps_stand_in_the_order_of_their_numbers(
    clinic: cast.Clinic, scars: PlanTemplate, doctor: Client
) -> None:
    send(
        doctor,
        page(scars),
        **{
            "steps-3-number": 10,
            "steps-3-name": "Last review",
            "steps-3-treatment": clinic.review.pk,
            "steps-2-number": 5,
            "lags-2-step": 5,
            "lags-3-step": 10,
            "lags-3-after": 5,
            "lags-3-least": 7,
        },
    )
    draft = kept(scars)
    assert [each.name for each in draft.steps][2:] == ["Filler", "Last review"]
    assert draft.steps[3].lags == (lag(3, 7),)


def test_contradiction_is_shown_with_its_arithmetic_and_what_was_typed(
    scars: PlanTemplate, doctor: Client
) -> None:
    typed = {"lags-2-least": 0, "lags-2-target": None, "lags-2-most": 5}
    answer = send(doctor, page(scars), **typed)
    text = answer.content.decode()
    assert "at most 5 days is less than the 7 days that SEED-GAP-RF asks" in text
    assert ("5 &lt; 7" in text, 'value="5"' in text) == (True, True)
    assert kept(scars).steps[2].lags == (lag(2, 21, 42, target=28),)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "name: This field is required."),
        ({"steps-0-number": 2}, "Two steps have the number 2."),
        ({"lags-0-step": 9}, "A lag names step 9, which is not there."),
        ({"lags-0-after": 3}, "Step 2: a lag counts from an earlier step."),
        ({"lags-0-most": -1}, "most: Ensure this value is greater than or equal to 0."),
        ({"lags-0-most": "9" * 40}, "most: Ensure this value is less than or equal to 32767."),
        ({"lags-0-unit": "moons"}, "unit: Select a valid choice. moons is not one of the available choices."),
        ({"steps-1-treatment": 987654}, "treatment: Select a valid choice. That choice is not one of the available choices."),
        ({"steps-1-areas": ["wings"]}, "areas: Select a valid choice. wings is not one of the available choices."),
        ({"steps-1-repeat": 41}, "Step 2: repeat it 1 to 40 times."),
        ({"steps-1-minutes": 7}, "Step 2: Laser resurfacing takes 30 to 45 minutes, in fives."),
        ({"indication": "wings"}, "indication: Select a valid choice. wings is not one of the available choices."),
        ({"name": "Other"}, "Another template has this name."),
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_said_on_the_page(
    clinic: cast.Clinic, scars: PlanTemplate, doctor: Client, typed: dict[str, Any], said: str
) -> None:
    other = courses.draft(step(clinic.consultation), code="other", name="Other")
    templates.create(draft=other, by=MAKER, now=NOW)
    answer = send(doctor, page(scars), **typed)
    assert (answer.status_code, said in errors(answer)) == (200, True), errors(answer)
    assert kept(scars) == courses.scars(clinic)


@pytest.mark.parametrize(
    "typed",
    [
        {"steps-TOTAL_FORMS": "many"},
        {"steps-TOTAL_FORMS": "100000"},
        {"lags-INITIAL_FORMS": None},
        {"version": "x"},
        {"version": "9" * 30},
        {"steps-0-treatment": "' OR 1=1"},
    ],
    ids=str,
)
def test_bent_forms_are_no_fault_of_the_house(
    scars: PlanTemplate, doctor: Client, typed: dict[str, Any]
) -> None:
    assert send(doctor, page(scars), **typed).status_code in {200, 302}


def test_page_that_somebody_outdated_is_not_kept(
    clinic: cast.Clinic, scars: PlanTemplate, doctor: Client
) -> None:
    typed = shown(doctor.get(page(scars)))
    changed = courses.scars(clinic, note="Theirs")
    templates.save(template_id=scars.pk, draft=changed, version=1, by=MAKER, now=NOW)
    answer = doctor.post(page(scars), typed | {"note": "Mine"})
    assert "This template was changed by someone else. Read it again." in errors(answer)
    assert kept(scars).note == "Theirs"


def test_new_template_is_written_and_then_read(clinic: cast.Clinic, doctor: Client) -> None:
    answer = send(
        doctor,
        ADD,
        **{
            "name": "Ácido & más",
            "steps-0-number": 1,
            "steps-0-name": "Talk",
            "steps-0-treatment": clinic.consultation.pk,
        },
    )
    made = PlanTemplate.objects.get()
    assert (answer["Location"], made.code) == (page(made), "acido-mas")
    assert "“Ácido &amp; más” is kept" in doctor.get(page(made)).content.decode()


def test_new_template_that_is_refused_shows_the_page_again(
    clinic: cast.Clinic, doctor: Client
) -> None:
    answer = send(doctor, ADD, name="Nothing")
    assert errors(answer) == ["A template has 1 to 20 steps."]
    assert not PlanTemplate.objects.exists()


def test_copy_gets_a_code_of_its_own(scars: PlanTemplate, doctor: Client) -> None:
    doctor.post(page(scars, "copy"), {"name": "Scars!"})
    again = doctor.post(page(scars, "copy"), {"name": "Scars"}, follow=True)
    assert told(again) == ["Copied. This is the copy.", "Another template has this name."]
    assert set(PlanTemplate.objects.values_list("code", flat=True)) == {"scars", "scars-2"}


def test_template_is_retired_and_offered_again(scars: PlanTemplate, doctor: Client) -> None:
    gone = doctor.post(page(scars, "retire"), follow=True)
    assert (told(gone), "Offer it again" in gone.content.decode()) == (
        ["Retired. Plans made from it go on."],
        True,
    )
    assert told(doctor.post(page(scars, "retire"), follow=True)) == [
        "This template is retired already."
    ]
    back = doctor.post(page(scars, "reinstate"), follow=True)
    assert told(back) == ["Offered again."]
    assert doctor.get(page(scars, "retire")).status_code == 405


@pytest.mark.parametrize("what", ["987654", "x", "9" * 30])
def test_template_that_is_not_there_answers_404(
    clinic: cast.Clinic, doctor: Client, what: str
) -> None:
    assert doctor.get(f"{LIST}{what}/change/").status_code == 404
    assert doctor.get(f"{LIST}{what}/history/").status_code == 404
    if what == "987654":
        assert doctor.post(f"{LIST}{what}/retire/").status_code == 404
        assert doctor.post(f"{LIST}{what}/copy/", {"name": "x"}).status_code == 404


def test_list_shows_the_course_and_what_the_protocol_has_outgrown(
    scars: PlanTemplate, desk: Client
) -> None:
    text = desk.get(LIST).content.decode()
    assert "Consultation → Laser resurfacing × 2 → Filler" in text
    assert ("offered" in text, "cannot be planned" in text) == (True, False)
    TemplateLag.objects.filter(step__position=3).update(least=0, target=None, most=5)
    assert "cannot be planned" in desk.get(LIST).content.decode()
    one = desk.get(page(scars)).content.decode()
    assert "As the protocol stands, no plan of this template can be proposed" in one
    assert "7 days that SEED-GAP-RF asks" in one


def test_weak_sources_and_cautions_are_shown_as_such(clinic: cast.Clinic, desk: Client) -> None:
    draft = courses.draft(
        step(clinic.resurfacing), indication="acne_scars", source="A forum", sureness="C"
    )
    made = templates.create(draft=draft, by=MAKER, now=NOW)
    text = desk.get(page(made)).content.decode()
    assert ("For acne scars. A forum" in text, "weak source" in text) == (True, True)
    assert "no earlier step brings what SEED-CONSULT asks for" in text
    assert "C (weak)" in desk.get(LIST).content.decode()


def test_history_shows_the_steps_in_words(scars: PlanTemplate, desk: Client) -> None:
    text = desk.get(page(scars, "history")).content.decode()
    assert "Filler: 21 to 42 days after the last Laser resurfacing, best 28" in text


def test_list_of_three_costs_as_many_queries_as_a_list_of_one(
    clinic: cast.Clinic, scars: PlanTemplate, desk: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(LIST).status_code == 200
        return len(captured)

    queries()
    one = queries()
    for n in (2, 3):
        draft = courses.scars(clinic, code=f"scars-{n}", name=f"Scars {n}")
        templates.create(draft=draft, by=MAKER, now=NOW)
    assert queries() == one


def test_form_costs_no_query_a_step(
    clinic: cast.Clinic, scars: PlanTemplate, doctor: Client
) -> None:
    def queries(template: PlanTemplate) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert doctor.get(page(template)).status_code == 200
        return len(captured)

    one = courses.draft(step(clinic.consultation), code="one", name="One")
    short = templates.create(draft=one, by=MAKER, now=NOW)
    queries(short)
    assert queries(scars) == queries(short)
