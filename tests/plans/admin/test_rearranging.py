"""A sick practitioner at the desk: the list by harm, the arrangement, and what is ticked moves."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client

from notifications.models import Message
from plans.admin import offers
from plans.admin.rearranging import SALT
from scheduling import booking
from scheduling.models import Absence, Appointment
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import told
from tests.plans.admin.sickness import (
    absence,
    address,
    alone,
    away,
    fillers,
    offered,
    rows,
    take_the_place_of,
    wall,
)
from tests.scheduling.admin.conftest import SignIn

__all__ = ["absence"]


def test_visits_hit_stand_in_the_order_of_harm(desk: Client, absence: Absence) -> None:
    page = desk.get(address(absence))
    assert [hit.visit.patient.given_name for hit in page.context["desk"].hits] == [
        "Soon",
        "Any",
        "Cy",
    ]
    for words in (
        "Dr Amara Lind: sick, Mon 18 Jan 2027",
        "must be by Sun 24 Jan 2027",
        "can wait",
        "tel:+447700900123",
        "plan, Filler",
    ):
        assert words in page.text


def test_looking_moves_nothing_and_shows_old_and_new(desk: Client, absence: Absence) -> None:
    visits = list(Appointment.objects.values())
    page = desk.get(address(absence), {"new": "1"})
    assert list(rows(page)) == ["Soon", "Any", "Cy"]
    assert all(row.ticked for row in rows(page).values())
    (shift,) = rows(page)["Cy"].line.shifts
    assert (shift.old, shift.new, shift.by) == (
        wall(18, 15),
        wall(19, 15),
        "1 day later",
    )
    assert (shift.before, shift.after) == (offers.Crew(who="Dr Amara Lind", rest=""),) * 2
    assert "Mon 18 Jan 2027, 15:00" in page.text
    assert "Tue 19 Jan 2027, 15:00" in page.text
    assert list(Appointment.objects.values()) == visits


def test_what_is_ticked_moves_and_the_rest_comes_back_without_ticks(
    desk: Client, absence: Absence
) -> None:
    before = fillers()
    found = offered(desk, absence)
    sent = {"take": [found["Soon"].token, found["Cy"].token]}
    page = desk.post(address(absence), sent, follow=True)
    assert told(page) == ["2 visits are rearranged. Each of 2 patients gets one message."]
    after = fillers()
    assert {name for name in after if after[name] != before[name]} == {"Soon", "Cy"}
    assert all(after[who] == found[who].line.moves[0].start for who in ("Soon", "Cy"))
    assert [(who, row.ticked) for who, row in rows(page).items()] == [("Any", False)]


def test_one_patient_is_accepted_by_their_own_button(desk: Client, absence: Absence) -> None:
    before, found = fillers(), offered(desk, absence)
    sent = {"only": found["Any"].token, "take": [row.token for row in found.values()]}
    page = desk.post(address(absence), sent, follow=True)
    assert told(page) == ["1 visit is rearranged. The patient gets one message."]
    assert {who for who, start in fillers().items() if start != before[who]} == {"Any"}
    assert list(rows(page)) == ["Soon", "Cy"]


def test_all_accepted_leaves_nothing_to_arrange(desk: Client, absence: Absence) -> None:
    tokens = [row.token for row in offered(desk, absence).values()]
    page = desk.post(address(absence), {"take": tokens}, follow=True)
    assert page.redirect_chain == [(address(absence), 302)]
    assert "No booked visit is hit any more" in page.text


def test_each_patient_is_told_once_of_all_that_moves(desk: Client, clinic: cast.Clinic) -> None:
    course = stage.template("Laser, then filler")
    laser = stage.step(course, clinic.resurfacing, name="Laser")
    stage.step(course, clinic.filler, (laser, 14, 14, 14), name="Filler")
    stage.booked(stage.plan(clinic, course))
    absence = away(clinic, 0, 1, resource=clinic.laser)
    known = set(Message.objects.values_list("pk", flat=True))
    desk.post(address(absence), {"take": offered(desk, absence)["Ada"].token})
    news = Message.objects.exclude(pk__in=known).exclude(kind__startswith="reminder")
    assert len(news.values("channel").distinct()) == news.count() > 0


def test_lost_place_moves_nothing_names_whose_and_shows_another(
    desk: Client, clinic: cast.Clinic, absence: Absence
) -> None:
    before, found = fillers(), offered(desk, absence)
    take_the_place_of(clinic, found["Any"])
    page = desk.post(address(absence), {"take": [found["Any"].token, found["Soon"].token]})
    assert page.status_code == 409
    assert page.context["desk"].lost == ["Any Ash"]
    assert "Nothing was moved: what was read out for Any Ash can no longer be had" in page.text
    assert {who: start for who, start in fillers().items() if who != "Dee"} == before
    again = rows(page)
    assert again["Any"].line.moves != found["Any"].line.moves
    assert {who: (row.ticked, row.changed) for who, row in again.items()} == {
        "Soon": (True, False),
        "Any": (False, True),
        "Cy": (False, False),
    }
    assert desk.post(address(absence), {"take": again["Any"].token}).status_code == 302


def test_second_receptionist_moves_nothing_twice(
    desk: Client, sign_in: SignIn, absence: Absence
) -> None:
    other, found = sign_in("reception", name="other"), offered(desk, absence)
    assert desk.post(address(absence), {"take": found["Soon"].token}).status_code == 302
    moved = fillers()
    page = other.post(address(absence), {"take": [found["Soon"].token, found["Cy"].token]})
    assert (page.status_code, page.context["desk"].lost) == (409, ["Soon Ash"])
    assert "Somebody else has changed the visit since." in page.text
    assert fillers() == moved
    assert {who: row.ticked for who, row in rows(page).items()} == {"Any": False, "Cy": True}


def test_somebody_else_at_the_same_time_is_said_and_accepted_once(
    desk: Client, clinic: cast.Clinic
) -> None:
    """The laser can be had from the nurse; of that no message speaks."""
    wish = clinic.wish(practitioner_id=clinic.doctor.pk)
    start = cast.at(cast.day(14), 15)
    visit = booking.book(wish=wish, start=start, by=stage.DESK, now=cast.NOW).appointment
    absence, known = away(clinic, 14), Message.objects.count()
    page = desk.get(address(absence), {"new": "1"})
    row = rows(page)["Ada"]
    (shift,) = row.line.shifts
    assert (shift.by, shift.before.who, shift.after.who) == (
        "same time",
        "Dr Amara Lind",
        "Noor Field",
    )
    assert "<strong>Noor Field</strong> <small>instead of Dr Amara Lind</small>" in page.text
    done = desk.post(address(absence), {"take": row.token}, follow=True)
    assert told(done) == ["1 visit is rearranged. No message goes out: the time stays as it was."]
    assert Message.objects.count() == known
    again = desk.post(address(absence), {"take": row.token})
    assert (again.status_code, again.context["desk"].lost) == (409, ["Ada Pine"])
    history = desk.get(f"/admin/scheduling/appointment/{visit.pk}/change/").text
    assert "with Noor Field, Room 1, CO2 laser" in history


def changed_absence(absence: Absence) -> None:
    Absence.objects.filter(pk=absence.pk).update(end=absence.end + timedelta(days=1))


def test_absence_that_has_changed_since_is_looked_at_again(desk: Client, absence: Absence) -> None:
    before, found = fillers(), offered(desk, absence)
    changed_absence(absence)
    page = desk.post(address(absence), {"take": found["Soon"].token})
    assert (page.status_code, fillers()) == (409, before)
    assert "the absence has changed since" in page.text


def test_arrangement_shown_an_hour_ago_is_marked_where_it_has_changed(
    desk: Client, clinic: cast.Clinic, absence: Absence
) -> None:
    before, found = fillers(), offered(desk, absence)
    take_the_place_of(clinic, found["Cy"])
    with time_machine.travel(cast.NOW + timedelta(minutes=61), tick=False):
        sent = {"take": [found["Soon"].token, found["Cy"].token]}
        page = desk.post(address(absence), sent)
    assert (page.status_code, "shown too long ago" in page.text) == (409, True)
    assert {who: start for who, start in fillers().items() if who != "Dee"} == before
    assert (rows(page)["Soon"].ticked, rows(page)["Cy"].changed) == (True, True)


Forge = Callable[[str, Absence], str]


def altered(token: str, absence: Absence) -> str:
    return token[:-1] + ("a" if token[-1] != "a" else "b")


def under_another_salt(token: str, absence: Absence) -> str:
    return signing.dumps(signing.loads(token, salt=SALT), salt="elsewhere")


def of_another_absence(token: str, absence: Absence) -> str:
    pk, *rest = signing.loads(token, salt=SALT)
    return signing.dumps([pk + 1, *rest], salt=SALT)


def not_a_token(token: str, absence: Absence) -> str:
    return " :é:"


@pytest.mark.parametrize("forge", [altered, under_another_salt, of_another_absence, not_a_token])
@pytest.mark.parametrize("button", ["take", "only"])
def test_forged_form_moves_nothing(
    desk: Client, absence: Absence, forge: Forge, button: str
) -> None:
    before, found = fillers(), offered(desk, absence)
    sent = {"take": [found["Cy"].token], button: forge(found["Soon"].token, absence)}
    page = desk.post(address(absence), sent)
    assert (page.status_code, fillers()) == (409, before)
    assert "Nothing was moved." in page.text


def test_nothing_ticked_is_said_and_the_page_comes_back(desk: Client, absence: Absence) -> None:
    before = fillers()
    page = desk.post(address(absence), {})
    assert (page.status_code, fillers()) == (409, before)
    assert "Choose at least one patient." in page.text
    assert list(rows(page)) == ["Soon", "Any", "Cy"]


def test_patient_ticked_twice_moves_once(desk: Client, absence: Absence) -> None:
    token = offered(desk, absence)["Cy"].token
    assert desk.post(address(absence), {"take": [token, token]}).status_code == 302
    assert fillers()["Cy"] == cast.at(cast.day(15), 15)


def test_what_is_only_kept_or_has_begun_is_listed_and_not_arranged(
    desk: Client, clinic: cast.Clinic
) -> None:
    begun, here, over = (
        alone(clinic, who, cast.at(cast.day(0), hour))
        for who, hour in (("Bo", 9), ("Di", 10), ("Ed", 11))
    )
    Appointment.objects.filter(pk=here.pk).update(status="arrived")
    Appointment.objects.filter(pk=over.pk).update(status="fulfilled")
    at_nine = cast.at(cast.day(0), 9, 30)
    wish = clinic.wish(clinic.filler, patient_id=cast.patient("Fay", "Oak").pk)
    kept = booking.hold(wish=wish, start=cast.at(cast.day(0), 16), by=stage.DESK, now=at_nine)
    with time_machine.travel(at_nine, tick=False):
        page = desk.get(address(away(clinic, 0)))
    assert list(page.context["desk"].hits) == []
    assert list(page.context["desk"].others.here) == [begun, here, kept.appointment]
    for words in ("should have begun", "is in the house", "only kept for some minutes"):
        assert words in page.text


def test_absence_leads_here_and_names_the_first_deadline(
    sign_in: SignIn, clinic: cast.Clinic, absence: Absence
) -> None:
    manager = sign_in("manager")
    page = manager.get(f"/admin/scheduling/absence/{absence.pk}/change/").text
    assert f'href="{address(absence)}">Arrange them anew' in page
    assert "3 booked visits are hit; the first must be by Sun 24 Jan 2027." in page
    quiet = away(clinic, 14, resource=clinic.nurse)
    page = manager.get(f"/admin/scheduling/absence/{quiet.pk}/change/").text
    assert address(quiet) not in page
    assert manager.get("/admin/scheduling/absence/add/").status_code == 200


def test_panel_is_for_those_who_work_with_plans(
    clinic: cast.Clinic, absence: Absence, onlooker: Client, sign_in: SignIn
) -> None:
    page = sign_in("manager", cast.site_named("There"), name="m2")
    assert "Arrange" not in page.get(f"/admin/scheduling/absence/{absence.pk}/change/").text


def test_others_may_not_look(
    stranger: Client, onlooker: Client, desk: Client, clinic: cast.Clinic, absence: Absence
) -> None:
    closed, room = away(clinic, 14, site=clinic.site), away(clinic, 14, resource=clinic.room)
    assert [desk.get(address(each)).status_code for each in (absence, closed, room)] == [200] * 3
    assert [onlooker.get(address(each)).status_code for each in (absence, room)] == [403] * 2
    assert Client().get(address(absence)).status_code == 302
    assert [stranger.get(address(each)).status_code for each in (closed, room)] == [404] * 2
    assert desk.get("/admin/plans/plan/absence/999999/").status_code == 404
    # Somebody who works at every site is away for all of them, but only a number to a stranger.
    page = stranger.get(address(absence), {"new": "1"})
    assert (page.status_code, list(page.context["desk"].hits)) == (200, [])
    assert ("Ash" in page.text, "3 more at other sites" in page.text) == (False, True)


def test_others_may_not_move_even_with_a_form_of_ours(
    stranger: Client, onlooker: Client, desk: Client, absence: Absence
) -> None:
    before, token = fillers(), offered(desk, absence)["Soon"].token
    assert stranger.post(address(absence), {"take": token}).status_code == 404
    assert onlooker.post(address(absence), {"take": token}).status_code == 403
    assert Client().post(address(absence), {"take": token}).status_code == 302
    assert desk.put(address(absence)).status_code == 405
    assert fillers() == before
