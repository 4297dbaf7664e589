"""Files under fire: written twice at once, against the desk, by a worker that dies, after a change."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections

from scheduling import booking
from scheduling.core.words import Status
from scheduling.errors import ClinicError, Refused
from scheduling.models import Appointment, Intake, Origin, Patient, Treatment
from scheduling.transfer import intakes
from tests import cast
from tests.scheduling.transfer.moving import BY, agreed, looked_over, taken_in, verdicts

PEOPLE = "external_id,given_name,family_name,birth_date,phone\n"
TWO = PEOPLE + "P1,Bo,Elm,1990-01-02,07700900124\nP2,Cy,Fir,1991-01-02,07700900125\n"
VISIT = "external_id,patient,site,treatment,date,time,areas,size,depth\n"
ONE = VISIT + "V1,P1,Harley House,Filler,2027-03-01,10:00,face,face,superficial\n"


def written(intake: Intake) -> Intake:
    """Write a file as it was shown."""
    return intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)


@contextmanager
def beside(*steps: Callable[[], object]) -> Iterator[list["Future[object]"]]:
    """Run steps in threads of their own; what they refuse is their answer."""

    def run(step: Callable[[], object]) -> object:
        try:
            return step()
        except ClinicError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(steps)) as pool:
        yield [pool.submit(run, step) for step in steps]


@pytest.mark.django_db(transaction=True)
def test_one_file_handed_in_twice_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cast.site_named("Harley House")
    first, second = looked_over("patients", TWO), looked_over("patients", TWO)
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        inside.set()
        go_on.wait(20)

    monkeypatch.setattr(intakes, "tell", wait)
    with beside(lambda: written(first)) as [running]:
        assert inside.wait(20)
        with pytest.raises(ClinicError, match="Another file is being written just now"):
            written(second)
        go_on.set()
        assert isinstance(running.result(30), Intake)
    with pytest.raises(intakes.Outdated):
        written(second)
    assert (Patient.objects.count(), Origin.objects.count()) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_everybody_is_entered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both have looked at what came before, and neither sees the other."""
    cast.site_named("Harley House")
    both = [looked_over("patients", TWO), looked_over("patients", TWO)]
    gun = threading.Barrier(2)
    monkeypatch.setattr(intakes, "_alone", lambda: None)
    monkeypatch.setattr(intakes, "tell", lambda *_: gun.wait(20))
    with beside(*(lambda intake=each: written(intake) for each in both)) as running:
        assert all(isinstance(each.result(30), Intake) for each in running)
    assert Patient.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_start_that_is_being_taken_in_is_not_booked_and_the_other_way_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic = cast.build()
    taken_in("patients", TWO)
    intake = looked_over("visits", ONE)
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        inside.set()
        go_on.wait(20)

    def book(day: int) -> object:
        wish, start = clinic.wish(clinic.filler), cast.at(cast.day(day), 10)
        return booking.book(wish=wish, start=start, by=BY, now=cast.NOW)

    with monkeypatch.context() as slow:
        slow.setattr(intakes, "tell", wait)
        with beside(lambda: written(intake), lambda: inside.wait(20) and book(56)) as [moved, desk]:
            assert inside.wait(20)
            with pytest.raises(TimeoutError):
                desk.result(0.3)  # it waits for the file
            go_on.set()
            assert isinstance(moved.result(30), Intake)
            assert isinstance(desk.result(30), Refused)
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 1

    later = looked_over("visits", ONE.replace("V1", "V2").replace("03-01", "03-02"))
    assert verdicts(later) == ["new"]
    book(57)
    with pytest.raises(intakes.Outdated):
        written(later)
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 2


KILLED = """
import os, signal, django
django.setup()
from scheduling.core.words import Actor
from scheduling.models import Intake, Patient
from scheduling.transfer import intakes
from tests.cast import NOW
def die(*_):
    print(Patient.objects.count(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
intakes.tell = die
intake = Intake.objects.get()
agreed = intakes.Agreed(sha256=intake.sha256, seen=intake.seen)
intakes.write(intake_id=intake.pk, agreed=agreed, by=Actor(name="worker"), now=NOW)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_half_written() -> None:
    cast.site_named("Harley House")
    intake = looked_over("patients", TWO)
    base = urlsplit(os.environ["DATABASE_URL"])
    url = base._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    settings = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "clinic.settings"}
    worker = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (worker.returncode, worker.stdout.strip()) == (-signal.SIGKILL, "2")
    assert (Patient.objects.count(), Origin.objects.count()) == (0, 0)
    assert Intake.objects.get().state == Intake.State.CHECKED
    written(intake)
    assert Patient.objects.count() == 2


def gone_stale(clinic: cast.Clinic) -> Intake:
    """Look a visit over, and then let its treatment need what nobody has."""
    taken_in("patients", TWO)
    intake = looked_over("visits", ONE)
    assert verdicts(intake) == ["new"]
    treatment = Treatment.objects.get(pk=clinic.filler.pk)
    treatment.needs.update(kind="device")
    return intake


@pytest.mark.django_db
def test_a_dry_run_gone_stale_is_not_written() -> None:
    intake = gone_stale(cast.build())
    with pytest.raises(intakes.Outdated):
        written(intake)
    assert Appointment.objects.count() == 0


@pytest.mark.django_db
def test_without_the_comparison_something_else_than_shown_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the verdicts are not compared."""
    intake = gone_stale(cast.build())
    monkeypatch.setattr(intakes, "_digest", lambda _: intake.seen)
    assert verdicts(written(intake)) == ["flagged"]
