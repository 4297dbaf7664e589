"""Two people change one visit at one moment: one of them wins, and the rows tell one story."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connections

from scheduling import booking, protocols
from scheduling.booking import OverrideAsk, locks
from scheduling.core.words import OCCUPYING
from scheduling.errors import ClinicError
from scheduling.models import Allocation, Appointment, Override
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
DESK = cast.reception()
ROUNDS = 12
GAP = "rules/SEED-GAP-RF/tiers/0/below"

Verb = Callable[[], object]


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def duel(*verbs: Verb) -> list[str]:
    """Run the verbs at one moment; answer what each came to: done, or the code of its error."""
    gun = threading.Barrier(len(verbs))

    def fighter(verb: Verb) -> str:
        try:
            gun.wait(30)
            verb()
        except ClinicError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(fighter, verbs))


def visit(clinic: cast.Clinic, n: int, **facts: object) -> Appointment:
    """Book a review, which no skin rule stops, on the n-th working day at eleven."""
    return booking.book(
        wish=clinic.wish(clinic.review, **facts), start=start(n), by=DESK, now=cast.NOW
    ).appointment


def start(n: int, hour: int = 11) -> datetime:
    """Answer an hour of the n-th day from tomorrow, Sundays left out."""
    return cast.at(cast.day(1 + n + (n + 1) // 6), hour)


def told_once(pk: int) -> Appointment:
    """Read a visit, and hold its rows against one another."""
    row = Appointment.objects.get(pk=pk)
    held = Allocation.objects.filter(appointment=row)
    assert held.filter(active=True).exists() is (row.status in OCCUPYING)
    assert set(held.filter(active=True).values_list("start_q", flat=True)) <= {row.start_q}
    return row


def moving(row: Appointment, hours: int) -> Verb:
    to = row.start + timedelta(hours=hours)
    return lambda: booking.move(
        appointment_id=row.pk, to=to, version=row.version, by=DESK, now=cast.NOW
    )


def cancelling(row: Appointment) -> Verb:
    return lambda: booking.cancel(appointment_id=row.pk, version=row.version, by=DESK, now=cast.NOW)


def test_two_who_move_one_visit_do_not_overwrite_each_other(clinic: cast.Clinic) -> None:
    for n in range(ROUNDS):
        row = visit(clinic, n)
        answers = duel(moving(row, 1), moving(row, 2))
        assert sorted(answers) == ["done", "stale_version"]
        winner = 1 + answers.index("done")
        assert told_once(row.pk).start == row.start + timedelta(hours=winner)


def test_two_who_move_one_visit_overwrite_each_other_without_the_version(
    clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: with the check of the version taken away, both are told that they won."""
    kept = locks.locked
    monkeypatch.setattr(locks, "locked", lambda **facts: kept(**{**facts, "version": None}))
    row = visit(clinic, 0)
    assert duel(moving(row, 1), moving(row, 2)) == ["done", "done"]


def test_move_and_cancel_of_one_visit(clinic: cast.Clinic) -> None:
    for n in range(ROUNDS):
        row = visit(clinic, n)
        answers = duel(moving(row, 1), cancelling(row))
        assert sorted(answers) == ["done", "stale_version"]
        won = "booked" if answers[0] == "done" else "cancelled"
        assert told_once(row.pk).status == won


def test_place_of_a_cancelled_visit_goes_to_one(clinic: cast.Clinic) -> None:
    other = cast.patient("Bo", "Oak", consulted=True)
    for n in range(ROUNDS):
        row = visit(clinic, n)
        cancelling(row)()
        wish = clinic.wish(clinic.review, patient_id=other.pk)
        answers = duel(
            lambda row=row: booking.reinstate(
                appointment_id=row.pk, version=None, by=DESK, now=cast.NOW
            ),
            lambda wish=wish, n=n: booking.book(wish=wish, start=start(n), by=DESK, now=cast.NOW),
        )
        assert sorted(answers) == ["done", "refused"]
        assert told_once(row.pk).status == ("booked" if answers[0] == "done" else "cancelled")


def test_hold_is_booked_or_lapses(clinic: cast.Clinic) -> None:
    """Booked at its last second by a clock that the sweeper's is past."""
    wish = clinic.wish(clinic.review)
    for n in range(ROUNDS):
        kept = booking.hold(wish=wish, start=start(n), by=DESK, now=cast.NOW).appointment
        assert kept.expires_at is not None
        last, over = kept.expires_at - timedelta(seconds=1), kept.expires_at + timedelta(seconds=1)
        booked, _ = duel(
            lambda pk=kept.pk, at=last: booking.book_held(
                appointment_id=pk, wish=wish, by=DESK, now=at
            ),
            lambda at=over: booking.free_expired_holds(now=at),
        )
        assert booked in {"done", "wrong_state"}
        assert told_once(kept.pk).status == ("booked" if booked == "done" else "cancelled")


def test_two_overrides_of_one_refusal_are_one_visit(clinic: cast.Clinic) -> None:
    doctor = cast.clinician()
    booking.book(wish=clinic.wish(), start=start(0), by=DESK, now=cast.NOW)
    soon = start(40)
    ask = OverrideAsk(reason="The scar softens now", codes=frozenset({"LIT-INTERVAL"}))

    def booked() -> object:
        return booking.book(wish=clinic.wish(), start=soon, by=doctor, now=cast.NOW, override=ask)

    answers = duel(booked, booked)
    assert sorted(answers) == ["done", "refused"]
    assert Override.objects.filter(code="LIT-INTERVAL").count() == 1


def test_visit_names_a_protocol_that_allows_it(clinic: cast.Clinic) -> None:
    """A filler 10 days after the laser, while the week between them becomes a month."""
    laser = booking.book(wish=clinic.wish(), start=start(0), by=DESK, now=cast.NOW).appointment
    soon = laser.start + timedelta(days=14)
    for n in range(4):
        draft = protocols.copy(
            version_id=clinic.protocol.pk, name=f"Longer {n}", by=cast.clinician(), now=cast.NOW
        )
        protocols.amend(version_id=draft.pk, new={GAP: 30}, by=cast.clinician(), now=cast.NOW)
        booked, activated = duel(
            lambda: booking.book(
                wish=clinic.wish(clinic.filler), start=soon, by=DESK, now=cast.NOW
            ),
            lambda pk=draft.pk: protocols.activate(
                version_id=pk, by=cast.clinician(), now=cast.NOW
            ),
        )
        assert activated == "done"
        fillers = Appointment.objects.filter(treatment=clinic.filler, status="booked")
        named = set(fillers.values_list("protocol__number", flat=True))
        assert named == ({clinic.protocol.number} if booked == "done" else set())
        fillers.update(status="cancelled")
        Allocation.objects.filter(appointment__treatment=clinic.filler).update(active=False)
        back = protocols.copy(
            version_id=clinic.protocol.pk, name=f"Back {n}", by=cast.clinician(), now=cast.NOW
        )
        protocols.activate(version_id=back.pk, by=cast.clinician(), now=cast.NOW)
        clinic.protocol.refresh_from_db()
        clinic.protocol.number = back.number
