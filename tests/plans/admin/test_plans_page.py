import re

from django.test import Client

from plans import planning
from plans.models import Plan, Proposal
from scheduling.models import Change, Record
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import page, press


def test_page_shows_progress_picture_and_the_same_facts_in_a_table(
    desk: Client, plan: Plan
) -> None:
    shown = desk.get(page(plan))
    assert (shown.status_code, shown.context["progress"]) == (200, "0 of 4 done, 1 due")
    assert shown.text.count('role="img"') == 2
    rows = re.findall(r'<th scope="row">(.+?)<br>', shown.text)
    assert rows == ["1. Laser 1 of 3", "2. Laser 2 of 3", "3. Laser 3 of 3", "4. Filler"]
    assert "56 to 84 days after 1, best 63" in shown.text


def test_looking_changes_nothing(desk: Client, plan: Plan) -> None:
    before = Change.objects.count()
    desk.get(page(plan))
    assert (Change.objects.count(), Proposal.objects.count()) == (before, 0)


def test_proposal_is_read_out_with_its_hold_and_its_picture(desk: Client, plan: Plan) -> None:
    shown = press(desk, plan, "propose-held")
    assert "The times are kept until 08:10." in shown.text
    assert "<strong>Kept until 08:10</strong>" in shown.text
    assert "10 minutes left" in shown.text
    assert shown.text.count('class="plan-proposed"') == 4 * 2 + 4  # both pictures, and the table
    assert "skin rests until" in shown.text


def test_paid_sessions_are_shown_as_imported_only(desk: Client, clinic: cast.Clinic) -> None:
    shown = desk.get(page(stage.plan(clinic, paid_sessions=2)))
    assert "paid 2 of 4" in shown.text
    assert "Payments are made elsewhere" in shown.text


def test_adverse_event_says_what_pauses_and_offers_no_dates(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    Record.objects.create(
        patient=clinic.patient,
        kind="adverse_event",
        code="blistering",
        areas=["face"],
        start_date=cast.day(-2),
    )
    shown = desk.get(page(plan))
    assert "paused by an adverse event" in shown.text
    assert "since 2 Jan 2027, not closed by a clinician yet." in shown.text
    assert "propose" not in shown.context["steps"]


def test_visits_that_no_longer_fit_are_said_first(desk: Client, clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    session = plan.sessions.get(seq=2)
    planning.fix(session_id=session.pk, by=stage.DESK, now=cast.NOW)
    assert "The booked visits no longer fit" not in desk.get(page(plan)).text
    lag = session.lags.get()
    lag.least, lag.target, lag.most = 80, 82, 84
    lag.save()
    shown = desk.get(page(plan))
    assert "The booked visits no longer fit" in shown.text
    assert "at least 80 are planned" in shown.text


def test_history_tells_who_did_what(desk: Client, plan: Plan) -> None:
    press(desk, plan, "propose")
    history = desk.get(page(plan)).context["history"]
    assert [(each.by, each.did) for each in history] == [
        ("reception", "proposed dates"),
        ("Dr Plans", "made the plan"),
    ]


def test_history_keeps_reasons_that_are_over(doctor: Client, plan: Plan) -> None:
    press(doctor, plan, "pause", reason="sunburnt")
    press(doctor, plan, "resume", reason="healed")
    press(doctor, plan, "skip", session=plan.sessions.get(seq=4).pk, reason="not wanted")
    shown = doctor.get(page(plan))
    assert {(each.did, each.why) for each in shown.context["history"]} == {
        ("made the plan", ""),
        ("paused the plan", "sunburnt"),
        ("let the plan go on", "healed"),
        ("left a session out", "Filler: not wanted"),
    }
    assert "“sunburnt”" in shown.text


def test_others_may_not_look(desk: Client, stranger: Client, onlooker: Client, plan: Plan) -> None:
    answers = [each.get(page(plan)).status_code for each in (stranger, onlooker, Client())]
    assert answers == [404, 403, 302]
    assert desk.get("/admin/plans/plan/999999/change/").status_code == 404
