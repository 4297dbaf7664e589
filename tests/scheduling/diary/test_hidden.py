from datetime import UTC, date, datetime, timedelta

import pytest

from scheduling import booking, diary
from scheduling.core.rules import Moment
from scheduling.models import Absence, Capability, Patient, Skill
from tests import cast
from tests.scheduling.diary.test_free import book, codes_of, search

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def test_a_sunday_and_a_public_holiday_are_told_as_closed(clinic: cast.Clinic) -> None:
    easter = date(2027, 3, 28)
    found = diary.free_starts(
        wish=clinic.wish(clinic.review),
        first=easter,
        last=easter + timedelta(days=2),
        now=cast.NOW,
    )

    assert [[r.sentence for r in day.reasons] for day in found.hidden] == [
        ["Not within the hours of Dr Amara Lind on Sun 28 Mar 2027: no opening hours that day."],
        ["Not within the hours of Dr Amara Lind on Mon 29 Mar 2027: closed for Easter Monday."],
    ]
    assert [day.reasons[0].earliest for day in found.hidden] == [date(2027, 3, 30)] * 2


def test_leave_hides_the_days_and_says_until_when(clinic: cast.Clinic) -> None:
    for person in (clinic.doctor, clinic.nurse):
        Absence.objects.create(
            resource=person,
            cause="leave",
            start=cast.at(cast.day(1), 0),
            end=cast.at(cast.day(3), 0),
        )

    (first, second) = search(clinic.wish(), 1, 4).hidden

    assert (first.date, second.date) == (cast.day(1), cast.day(2))
    assert [r.code for r in first.reasons] == ["absence"]
    assert first.reasons[0].sentence == (
        "Away on Tue 5 Jan 2027: Dr Amara Lind (leave until Thu 07 Jan 2027 00:00); "
        "Noor Field (leave until Thu 07 Jan 2027 00:00)."
    )
    assert first.reasons[0].earliest == cast.day(3)


def test_a_closed_site_is_away_for_everybody(clinic: cast.Clinic) -> None:
    Absence.objects.create(
        site=clinic.site,
        cause="closure",
        start=cast.at(cast.day(1), 0),
        end=cast.at(cast.day(2), 0),
    )

    assert codes_of(search(clinic.wish(), 1)) == {cast.day(1): ["absence"]}


def test_a_full_day_is_told_as_taken(clinic: cast.Clinic) -> None:
    for n, hour in enumerate((10, 12, 14, 16)):
        book(clinic.wish(patient_id=cast.patient(f"P{n}", "Full", consulted=True).pk), 1, hour)

    assert codes_of(search(clinic.wish(), 1)) == {cast.day(1): ["resource_taken"]}


def test_days_before_today_and_beyond_the_horizon_say_so(clinic: cast.Clinic) -> None:
    clinic.site.horizon_days = 10
    clinic.site.notice_minutes = 26 * 60
    clinic.site.save()

    found = codes_of(search(clinic.wish(clinic.review), -1, 11))

    assert found == {
        cast.day(-1): ["past", "outside_hours"],
        cast.day(0): ["too_soon"],
        cast.day(6): ["outside_hours"],
        cast.day(11): ["too_late"],
    }
    starts = search(clinic.wish(clinic.review), 1).starts
    assert starts[0].start == cast.at(cast.day(1), 10)


def test_a_capability_that_lapses_before_the_visit_hides_the_day(clinic: cast.Clinic) -> None:
    Capability.objects.filter(resource=clinic.laser).update(valid_until=cast.day(2))

    found = search(clinic.wish(), 1, 4)

    assert codes_of(found) == {
        cast.day(3): ["capability_expires"],
        cast.day(4): ["capability_expires"],
    }
    assert found.hidden[0].reasons[0].sentence == (
        "“fractional” is not held on that date: CO2 laser (until 06 Jan 2027)."
    )


def test_a_skill_that_nobody_has_is_told_on_every_day(clinic: cast.Clinic) -> None:
    Capability.objects.filter(resource=clinic.laser).delete()

    assert codes_of(search(clinic.wish(), 1, 2)) == {
        cast.day(1): ["no_capability"],
        cast.day(2): ["no_capability"],
    }


def test_minutes_out_of_range_hide_every_day(clinic: cast.Clinic) -> None:
    found = search(clinic.wish(minutes=60), 1)

    assert codes_of(found) == {cast.day(1): ["minutes_out_of_range", "SEED-DURATION"]}
    assert found.hidden[0].reasons[0].arithmetic == "60 > 45 minutes"


def test_the_skins_rules_hide_their_days_with_arithmetic(clinic: cast.Clinic) -> None:
    book(clinic.wish(), 1, 11)

    found = search(clinic.wish(clinic.filler), 2, 20)

    reasons = {h.date: [(r.code, r.arithmetic) for r in h.reasons] for h in found.hidden}
    assert reasons[cast.day(4)] == [("SEED-GAP-RF", "3 < 7"), ("SEED-RECOVERY", "3 < 5")]
    assert cast.day(15) not in reasons
    assert found.starts[0].start == cast.at(cast.day(15), 9)


def test_a_patient_who_has_died_is_offered_nothing(clinic: cast.Clinic) -> None:
    Patient.objects.filter(pk=clinic.patient.pk).update(deceased_on=cast.day(-1))

    found = search(clinic.wish(), 1)

    assert codes_of(found) == {cast.day(1): ["patient_deceased"]}
    assert found.hidden[0].reasons[0].sentence == "The patient died on 03 Jan 2027."


def test_for_ever_is_a_date_too(clinic: cast.Clinic) -> None:
    Capability.objects.update(valid_from=date.min, valid_until=date.max)
    Absence.objects.create(
        resource=clinic.nurse,
        cause="leave",
        start=datetime(1, 1, 2, tzinfo=UTC),
        end=datetime(9999, 12, 30, tzinfo=UTC),
    )

    (hidden,) = search(clinic.wish(practitioner_id=clinic.nurse.pk), 1).hidden

    assert hidden.reasons[0].sentence == "Away on Tue 5 Jan 2027: Noor Field (leave)."
    assert search(clinic.wish(), 1).hidden == []


def test_a_booked_patch_test_counts_until_check_in(clinic: cast.Clinic) -> None:
    skills = {skill.code: skill for skill in Skill.objects.all()}
    hair = cast.treatment("Hair", "laser_hair_removal", (30, 30, 45), skills, laser=(0, 0))
    patch = cast.treatment("Patch", "patch_test", (15, 15, 15), skills, consults=(0, 0))
    start = cast.at(cast.day(8), 11)
    wish = clinic.wish(hair)
    before = diary.choose(wish=wish, start=start, now=cast.NOW)

    def against(moment: Moment) -> list[tuple[str, str]]:
        reasons = diary.clinical(wish=wish, choice=before, now=cast.NOW, moment=moment)
        return [(r.code, r.severity.value) for r in reasons if r.code != "DES-CONSENT"]

    refused = against(Moment.BOOKING)
    booking.book(
        wish=clinic.wish(patch),
        start=cast.at(cast.day(1), 9),
        by=cast.reception(),
        now=cast.NOW,
    )

    assert refused == [("LIT-PATCH", "hard")]
    assert against(Moment.BOOKING) == [("PENDING-PREREQUISITE", "advisory")]
    assert against(Moment.CHECK_IN) == [("LIT-PATCH", "hard")]
    assert start in [each.start for each in search(wish, 8).starts]


def test_what_takes_the_whole_day_is_told_before_what_takes_a_part(clinic: cast.Clinic) -> None:
    """A caller is told the rule of the skin, not the one visit that stands that day besides."""
    book(clinic.wish(), 1, 11)
    book(clinic.wish(clinic.review), 9, 11)

    (hidden,) = search(clinic.wish(clinic.filler), 9).hidden

    assert [r.code for r in hidden.reasons] == ["SEED-RECOVERY", "resource_taken", "patient_busy"]
    assert hidden.reasons[2].sentence == (
        "The patient has another visit on Wed 13 Jan 2027: Review, 11:00-11:15."
    )


def test_a_day_that_is_taken_in_part_is_not_called_full(clinic: cast.Clinic) -> None:
    book(clinic.wish(), 1, 11)
    other = cast.patient("Ann", "Other", consulted=True)
    book(clinic.wish(clinic.review, patient_id=other.pk), 4, 11)

    (hidden,) = search(clinic.wish(clinic.filler), 4).hidden

    assert hidden.reasons[-1].code == "resource_taken"
    assert hidden.reasons[-1].sentence.startswith("Part of Fri 8 Jan 2027 is taken: ")
