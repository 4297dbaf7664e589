from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from scheduling import booking
from scheduling.core import timeline
from scheduling.core.timeline import Window, floor_q
from scheduling.diary import timelines
from scheduling.models import Allocation, Appointment
from tests import cast

START = cast.at(cast.day(1), 11)
Q = floor_q(START)
WINDOW = Window(Q - 288, Q + 288)


@pytest.fixture
def clinic() -> cast.Clinic:
    timelines.forget()
    return cast.build()


def spans(
    resource_id: int, window: Window = WINDOW, moving: int | None = None
) -> list[tuple[int, int]]:
    found = timelines.busy([resource_id], window, moving=moving)
    return timeline.spans(found.lines[resource_id], window)


def book(clinic: cast.Clinic, hour: int = 11) -> Appointment:
    booked = booking.book(
        wish=clinic.wish(clinic.review),
        start=cast.at(cast.day(1), hour),
        by=cast.reception(),
        now=cast.NOW,
    )
    return booked.appointment


def elsewhere(verb, *args):
    """Run a verb on a connection of its own."""

    def run():
        try:
            return verb(*args)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.django_db(transaction=True)
def test_a_booking_by_another_connection_ends_the_memo(clinic: cast.Clinic) -> None:
    assert spans(clinic.doctor.pk) == []

    visit = elsewhere(book, clinic)

    assert spans(clinic.doctor.pk) == [(Q, Q + 3)]
    elsewhere(
        lambda: booking.cancel(
            appointment_id=visit.pk, version=None, by=cast.reception(), now=cast.NOW
        )
    )
    assert spans(clinic.doctor.pk) == []


@pytest.mark.django_db(transaction=True)
def test_the_memo_is_what_is_read_while_the_version_stands(clinic: cast.Clinic) -> None:
    book(clinic)
    before = spans(clinic.doctor.pk)

    # Behind the diary's back: no version is raised, so nobody looks.
    Allocation.objects.all().delete()

    assert before == [(Q, Q + 3)]
    assert spans(clinic.doctor.pk) == before
    timelines.forget()
    assert spans(clinic.doctor.pk) == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_remembered_of_a_transaction_that_rolls_back(clinic: cast.Clinic) -> None:
    with transaction.atomic():
        book(clinic)
        assert spans(clinic.doctor.pk) == [(Q, Q + 3)]
        transaction.set_rollback(True)

    # The next booking draws the same version number with other rows.
    book(clinic, 12)

    assert spans(clinic.doctor.pk) == [(Q + 12, Q + 15)]


@pytest.mark.django_db(transaction=True)
def test_a_search_of_one_resource_is_planned_five_times_at_most(clinic: cast.Clinic) -> None:
    for _ in range(9):
        timelines.fetch([clinic.doctor.pk], WINDOW)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements "
            "WHERE statement LIKE '%string_agg%::bigint'"
        )
        assert cursor.fetchall() == [(5, 4)]


@pytest.mark.django_db(transaction=True)
def test_neighbouring_windows_grow_into_one(clinic: cast.Clinic) -> None:
    book(clinic)
    left, right = Window(Q - 100, Q + 1), Window(Q + 1, Q + 100)

    parts = [spans(clinic.doctor.pk, left), spans(clinic.doctor.pk, right)]
    Allocation.objects.all().delete()

    assert parts == [[(Q, Q + 1)], [(Q + 1, Q + 3)]]
    assert spans(clinic.doctor.pk, Window(Q - 100, Q + 100)) == [(Q, Q + 3)]
    assert spans(clinic.doctor.pk, Window(Q - 101, Q + 100)) == []


@pytest.mark.django_db
def test_an_allocation_that_began_before_the_window_still_counts(clinic: cast.Clinic) -> None:
    visit = book(clinic)
    Allocation.objects.filter(appointment=visit).update(start_q=Q - 280, end_q=Q + 8)

    assert spans(clinic.doctor.pk, Window(Q, Q + 20)) == [(Q, Q + 8)]


@pytest.mark.django_db
def test_inactive_allocations_and_the_moving_visits_own_do_not_count(clinic: cast.Clinic) -> None:
    visit = book(clinic)
    assert spans(clinic.doctor.pk, moving=visit.pk) == []
    assert spans(clinic.doctor.pk) == [(Q, Q + 3)]

    Allocation.objects.update(active=False)

    assert spans(clinic.doctor.pk) == []
