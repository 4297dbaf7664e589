"""A patient moves a visit: legal starts only, all that changes shown first, booked at once or not."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from notifications.models import Message
from plans import courses
from scheduling import booking, convenience
from scheduling.core.words import Status
from scheduling.models import Appointment, Change, Convenience, Link, Patient, Record, Site
from tests import cast
from tests.plans.pages import scene
from tests.plans.pages.scene import hidden, hrefs, quantum, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def test_from_the_message_to_a_moved_visit_in_four_taps(
    clinic: cast.Clinic, client: Client
) -> None:
    made = scene.visit(clinic, cast.day(7))
    page = scene.opened(client, made)  # 1: the link in the message
    move = hrefs(client.get(page), "move/")[0]  # 2: choose another time
    choice = hrefs(client.get(move), "move/")[0]  # 3: the first time offered
    shown = client.get(choice)
    done = client.post(choice, {"seen": hidden(shown, "seen")})  # 4: move my visit
    made.refresh_from_db()
    assert done.status_code == 303
    assert f"{choice.rstrip('/').rpartition('/')[2]}" == str(made.start_q)
    assert made.start == cast.at(cast.TODAY, 9)
    assert "Your visit is moved" in text_of(client.get(done["Location"]))


def test_the_old_link_dies_and_the_one_who_moved_is_not_stranded(
    clinic: cast.Clinic, client: Client
) -> None:
    made = scene.visit(clinic, cast.day(7))
    page = scene.opened(client, made)
    to = f"{page}move/{quantum(scene.later(made, days=1))}/"
    done = client.post(to, {"seen": hidden(client.get(to), "seen")})
    new = Link.objects.order_by("pk").last()
    assert new is not None
    assert done["Location"] == f"/v/see/{new.pk}/moved/"
    assert done.cookies[f"visit-{new.pk}"]["path"] == f"/v/see/{new.pk}/"
    said = text_of(client.get(done["Location"]))
    assert "Your visit is on Tuesday 12 January 2027, 10:00" in said
    assert "A new message with a new link is on its way to you" in said
    assert client.get(page).status_code == 410
    assert client.get(f"/v/see/{new.pk}/").status_code == 200
    assert client.get(f"/v/see/{new.pk}/move/").status_code == 200
    assert Message.objects.filter(appointment=made, dedupe_key__contains="changed").exists()


def test_moving_gives_no_new_guesses_at_the_birth_year(clinic: cast.Clinic, client: Client) -> None:
    """Else whoever holds another's link would move the visit to and fro, five guesses each time."""
    made = scene.visit(clinic, cast.day(7))
    page = scene.opened(client, made)
    guess = {"reason": "ill", "birth_year": "1901", "version": str(made.version)}
    for _ in range(3):
        assert "not the year" in text_of(client.post(f"{page}cancel/", guess)), guess
    to = f"{page}move/{quantum(scene.later(made, days=1))}/"
    done = client.post(to, {"seen": hidden(client.get(to), "seen")})
    assert list(Link.objects.order_by("pk").values_list("tries", flat=True)) == [3, 0]
    page = done["Location"].removesuffix("moved/")
    client.post(f"{page}cancel/", guess)
    client.post(f"{page}cancel/", guess)
    made.refresh_from_db()
    right = guess | {"birth_year": "1985", "version": str(made.version)}
    assert client.post(f"{page}cancel/", right).status_code == 200
    made.refresh_from_db()
    assert made.status == Status.BOOKED


def test_a_patient_without_messages_is_asked_to_write_it_down(
    clinic: cast.Clinic, client: Client
) -> None:
    made = scene.visit(clinic, cast.day(7))
    Patient.objects.filter(pk=made.patient_id).update(channel="none")
    assert "Please write the new time down" in text_of(
        client.get(f"{scene.opened(client, made)}moved/")
    )


def test_only_starts_that_booking_accepts_are_offered(clinic: cast.Clinic, client: Client) -> None:
    made = scene.visit(clinic, cast.day(7))
    other = scene.visit(clinic, cast.TODAY, 9, patient_id=cast.patient("Bo", "Ash").pk)
    page = client.get(f"{scene.opened(client, made)}move/")
    offered = {
        int(each.rstrip("/").rpartition("/")[2])
        for each in hrefs(page, "move/")
        if "?" not in each and each.rstrip("/")[-1].isdigit()
    }
    assert quantum(made.start) not in offered
    for start_q in (quantum(other.start), quantum(made.start)):
        assert start_q not in offered
    assert quantum(cast.at(cast.TODAY, 9, 15)) in offered
    assert len(offered) > 100


def test_a_day_without_a_start_says_why_in_plain_words(clinic: cast.Clinic, client: Client) -> None:
    made = scene.visit(clinic, cast.day(7))
    home = scene.opened(client, made)
    said = text_of(client.get(f"{home}move/?week={cast.day(6)}"))
    assert "Sunday 10 January 2027 We are not open then. Please choose another time." in said


@pytest.mark.parametrize(
    ("language", "why", "day"),
    [
        ("es", "A su piel le conviene que pasen al menos 7 días", "martes 19 de enero de 2027"),
        ("ar", "أن تفصل 7 أيام على الأقل", "الثلاثاء، 19 يناير 2027"),
    ],
)
def test_the_reasons_are_said_in_the_pages_language(
    clinic: cast.Clinic, client: Client, language: str, why: str, day: str
) -> None:
    Patient.objects.filter(pk=clinic.patient.pk).update(language=language)
    wish = clinic.wish()
    booking.book(wish=wish, start=cast.at(cast.day(14), 11), by=cast.reception(), now=cast.NOW)
    filler = booking.book(
        wish=clinic.wish(clinic.filler),
        start=cast.at(cast.day(35), 10),
        by=cast.reception(),
        now=cast.NOW,
    ).appointment
    home = scene.opened(client, Appointment.objects.get(pk=filler.pk))
    said = text_of(client.get(f"{home}move/?week={cast.day(15)}"))
    assert day in said
    assert why in said


def test_wishes_are_remembered_and_come_first(clinic: cast.Clinic, client: Client) -> None:
    made = scene.visit(clinic, cast.day(7))
    home = scene.opened(client, made)
    ticked = {"act": "wish", "weekday": ["3", "4"], "part": ["evening"]}
    response = client.post(f"{home}move/", ticked)
    assert (response.status_code, response["Location"]) == (302, f"{home}move/")
    said = text_of(client.get(f"{home}move/"))
    assert "Best for you Thursday 7 January 2027, 17:00 Friday 8 January 2027, 17:00" in said
    row = Convenience.objects.get()
    assert (row.weekdays, row.parts) == ([3, 4], ["evening"])
    assert Change.objects.get(verb="wish").by == f"patient {made.patient_id} by link"
    assert "checked" in client.get(f"{home}move/").content.decode()


def test_a_wish_that_no_box_has_is_not_remembered(clinic: cast.Clinic, client: Client) -> None:
    home = scene.opened(client, scene.visit(clinic, cast.day(7)))
    for bad in ({"weekday": ["9"]}, {"part": ["midnight"]}, {"weekday": ["x"], "act": "explode"}):
        client.post(f"{home}move/", {"act": "wish", **bad})
    assert Convenience.objects.count() == 0


def test_plans_that_say_nothing_keep_the_patients_wishes(clinic: cast.Clinic) -> None:
    convenience.remember(
        patient_id=clinic.patient.pk,
        weekdays=[],
        parts=["afternoon"],
        by=cast.reception(),
        now=cast.NOW,
    )
    plan = scene.course(clinic, repeat=1)
    local = {start.astimezone(cast.LONDON) for start in scene.starts(plan).values()}
    assert {12 <= each.hour < 17 for each in local} == {True}


def test_looking_at_every_page_changes_nothing(clinic: cast.Clinic, client: Client) -> None:
    plan = scene.course(clinic)
    made = scene.session(plan, 2)
    home = scene.opened(client, made)
    before = list(Appointment.objects.order_by("pk").values()), Change.objects.count()
    counts = Link.objects.count(), Message.objects.count()
    for page in ("move/", f"move/{quantum(scene.later(made, days=1))}/", "moved/", "plan/"):
        client.get(f"{home}{page}?act=wish&weekday=1&seen=x")
        client.head(f"{home}{page}")
    assert (list(Appointment.objects.order_by("pk").values()), Change.objects.count()) == before
    assert (Link.objects.count(), Message.objects.count()) == counts


def test_too_late_is_told_the_rule_and_asked_to_phone(clinic: cast.Clinic, client: Client) -> None:
    made = scene.visit(clinic, cast.TODAY, 17)
    Site.objects.filter(pk=clinic.site.pk).update(cancel_notice_hours=24)
    clinic.site.refresh_from_db()
    home = scene.opened(client, made)
    page = client.get(f"{home}move/")
    rule = "Visits are moved here up to 24 hours before. Please phone us as soon as we are open"
    assert rule in text_of(page)
    assert '#ask">Ask us for another time</a>' in page.content.decode()
    assert hrefs(page, "move/") == []
    late = client.post(f"{home}move/{quantum(scene.later(made, days=2))}/", {"seen": "x"})
    made.refresh_from_db()
    assert (late.status_code, made.start) == (409, cast.at(cast.TODAY, 17))


def test_a_start_that_was_taken_is_answered_with_the_next_best(
    clinic: cast.Clinic, client: Client
) -> None:
    made = scene.visit(clinic, cast.day(7))
    home = scene.opened(client, made)
    to = f"{home}move/{quantum(cast.at(cast.day(3), 11))}/"
    seen = hidden(client.get(to), "seen")
    scene.visit(clinic, cast.day(3), 11, patient_id=cast.patient("Bo", "Ash").pk)
    for answer in (client.post(to, {"seen": seen}), client.get(to)):
        said = text_of(answer)
        assert answer.status_code == 409
        assert "That time cannot be had any more. Nothing has changed." in said
        assert "That time is taken. Please choose another one." in said
        assert "Soonest Monday 4 January 2027, 09:00" in said
    made.refresh_from_db()
    assert made.start == cast.at(cast.day(7), 10)


def test_a_visit_changed_in_between_is_shown_again_before_anything_moves(
    clinic: cast.Clinic, client: Client
) -> None:
    made = scene.visit(clinic, cast.day(7))
    home = scene.opened(client, made)
    to = f"{home}move/{quantum(cast.at(cast.day(3), 11))}/"
    seen = hidden(client.get(to), "seen")
    booking.annotate(
        appointment_id=made.pk,
        version=made.version,
        by=cast.reception(),
        now=cast.NOW,
        note="Called",
    )
    answer = client.post(to, {"seen": seen})
    assert answer.status_code == 409
    assert "Something changed a moment ago, so nothing was moved." in text_of(answer)
    made.refresh_from_db()
    assert made.start == cast.at(cast.day(7), 10)
    assert client.post(to, {"seen": hidden(answer, "seen")}).status_code == 303


def test_a_link_used_after_the_visit_moved_is_told_plainly(
    clinic: cast.Clinic, client: Client
) -> None:
    made = scene.visit(clinic, cast.day(7))
    home = scene.opened(client, made)
    booking.move(
        appointment_id=made.pk, to=cast.at(cast.day(8), 10), version=made.version,
        by=cast.reception(), now=cast.NOW,
    )  # fmt: skip
    for page in ("move/", f"move/{quantum(cast.at(cast.day(3), 11))}/", "plan/", "moved/"):
        answer = client.post(f"{home}{page}", {"seen": "x", "act": "wish"})
        assert answer.status_code == 410
        assert "Your newest message has the link that works." in text_of(answer)


def test_who_signed_in_moves_a_visit_that_moved_since(clinic: cast.Clinic, client: Client) -> None:
    made = scene.visit(clinic, cast.day(7))
    scene.signed_in(client, clinic.patient)
    home = f"/my/visits/{made.pk}/"
    to = f"{home}move/{quantum(cast.at(cast.day(3), 11))}/"
    seen = hidden(client.get(to), "seen")
    booking.move(
        appointment_id=made.pk, to=cast.at(cast.day(8), 10), version=made.version,
        by=cast.reception(), now=cast.NOW,
    )  # fmt: skip
    answer = client.post(to, {"seen": seen})
    assert (answer.status_code, "Something changed a moment ago" in text_of(answer)) == (409, True)
    assert "Until now Tuesday 12 January 2027, 10:00" in text_of(answer)
    done = client.post(to, {"seen": hidden(answer, "seen")})
    assert done["Location"] == f"{home}moved/"


@pytest.mark.parametrize("status", ["fulfilled", "cancelled", "arrived"])
def test_a_visit_that_is_over_is_not_moved(
    clinic: cast.Clinic, client: Client, status: str
) -> None:
    made = scene.visit(clinic, cast.day(7))
    home = scene.opened(client, made)
    Appointment.objects.filter(pk=made.pk).update(status=status)
    said = text_of(client.get(f"{home}move/"))
    assert "so it cannot be moved here. Please phone us." in said


def test_nonsense_in_the_address_is_no_fault_of_ours(clinic: cast.Clinic, client: Client) -> None:
    home = scene.opened(client, scene.visit(clinic, cast.day(7)))
    assert client.get(f"{home}move/99999999999999/").status_code == 404
    assert client.get(f"{home}move/0/").status_code == 409
    assert client.get(f"{home}move/?week=yesterday").status_code == 200
    assert client.get(f"{home}move/?week=0001-01-01").status_code == 200
    assert client.get(f"{home}move/?week=9999-12-31").status_code == 200


def test_the_page_weighs_little_and_needs_nothing_from_elsewhere(
    clinic: cast.Clinic, client: Client
) -> None:
    Site.objects.filter(pk=clinic.site.pk).update(step_minutes=5)
    home = scene.opened(client, scene.visit(clinic, cast.day(7)))
    page = client.get(f"{home}move/").content.decode()
    assert len(page) < 50_000
    assert [each for each in ("<script", "style=", "http://", "https://") if each in page] == []


def test_the_others_of_a_course_are_shown_and_move_in_one_transaction(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = scene.course(clinic)
    before = scene.starts(plan)
    made = scene.session(plan, 2)
    home = scene.opened(client, made)
    to = f"{home}move/{quantum(scene.later(made, days=21))}/"
    shown = client.get(to)
    said = text_of(shown)
    assert "These visits of yours move with it" in said
    assert "Laser 3 of 3" in said
    assert "Nothing is booked yet." in said
    assert scene.starts(plan) == before
    done = client.post(to, {"seen": hidden(shown, "seen")})
    after = scene.starts(plan)
    assert (done.status_code, after[2], set(after)) == (
        303,
        scene.later(made, days=21),
        set(before),
    )
    assert after[1] == before[1]
    assert after[3] > before[3]
    assert courses.view(plan.pk, now=cast.NOW).needs_reflow == ()


def test_a_move_that_asks_nothing_of_the_others_says_so(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = scene.course(clinic)
    made = scene.session(plan, 4)
    home = scene.opened(client, made)
    said = text_of(client.get(f"{home}move/{quantum(scene.later(made, days=1))}/"))
    assert "Your other visits stay where they are." in said


def test_days_on_which_the_course_would_not_fit_say_so(clinic: cast.Clinic, client: Client) -> None:
    plan = scene.course(clinic)
    first, made = scene.session(plan, 1), scene.session(plan, 2)
    # what has been done stays: the second can come at most 84 days after the first
    with time_machine.travel(first.start + timedelta(days=1), tick=False) as clock:
        Appointment.objects.filter(pk=first.pk).update(status="fulfilled")
        home = scene.opened(client, made, first.start + timedelta(days=1))
        day = first.local_date + timedelta(days=85)
        said = text_of(client.get(f"{home}move/?week={day}"))
        late = client.get(f"{home}move/{quantum(first.start + timedelta(days=85))}/")
        assert clock is not None
    why = "On that day the time between the visits of your course would no longer be right."
    assert why in said
    assert (late.status_code, why in text_of(late)) == (409, True)


def test_a_course_changed_in_between_is_shown_again(clinic: cast.Clinic, client: Client) -> None:
    plan = scene.course(clinic)
    made, third = scene.session(plan, 2), scene.session(plan, 3)
    home = scene.opened(client, made)
    to = f"{home}move/{quantum(scene.later(made, days=21))}/"
    seen = hidden(client.get(to), "seen")
    booking.move(
        appointment_id=third.pk, to=scene.later(third, minutes=15), version=third.version,
        by=cast.reception(), now=cast.NOW,
    )  # fmt: skip
    before = scene.starts(plan)
    answer = client.post(to, {"seen": seen})
    assert (answer.status_code, scene.starts(plan)) == (409, before)
    assert "Something changed a moment ago" in text_of(answer)


def test_a_course_that_rests_asks_to_phone(clinic: cast.Clinic, client: Client) -> None:
    plan = scene.course(clinic)
    made = scene.session(plan, 2)
    Record.objects.create(
        patient=clinic.patient, kind=Record.Kind.ADVERSE_EVENT, code="burn", areas=["face"],
        start_date=cast.TODAY,
    )  # fmt: skip
    page = client.get(f"{scene.opened(client, made)}move/")
    assert "Your treatment plan rests at the moment. Please phone us." in text_of(page)
    assert hrefs(page, "move/") == []


def test_one_patients_door_moves_nobody_elses_visit(clinic: cast.Clinic, client: Client) -> None:
    made = scene.visit(clinic, cast.day(7))
    scene.signed_in(client, cast.patient("Bo", "Ash"))
    to = f"/my/visits/{made.pk}/move/{quantum(cast.at(cast.day(3), 11))}/"
    assert (client.get(to).status_code, client.post(to, {"seen": "x"}).status_code) == (404, 404)
    made.refresh_from_db()
    assert (made.start, made.status) == (cast.at(cast.day(7), 10), Status.BOOKED)
