from datetime import date, time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from scheduling import catalogue
from scheduling.catalogue.closures import closed_dates, public_holidays
from scheduling.catalogue.ground import weekly_quanta
from scheduling.core.hours import WeeklyHours
from scheduling.errors import NotFound
from scheduling.models import Capability, Need, OpeningHours, Resource, Treatment
from tests import cast

pytestmark = pytest.mark.django_db


def test_current_is_one_small_query_while_nothing_changes() -> None:
    cast.build()
    first = catalogue.current()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        again = catalogue.current()

    assert again is first
    assert len(queries) == 1


def test_every_change_of_the_catalogue_is_seen() -> None:
    clinic = cast.build()
    before = catalogue.current()

    OpeningHours.objects.filter(site=clinic.site, resource=None, weekday=0).update(closes=time(20))
    Resource.objects.filter(pk=clinic.room.pk).update(name="Room One")
    Treatment.objects.filter(pk=clinic.review.pk).update(minutes_most=25)
    after = catalogue.current()

    assert after.version != before.version
    assert after.site(clinic.site.pk).hours[0].closes == time(20)
    assert after.resources[clinic.room.pk].name == "Room One"
    assert after.treatment(clinic.review.pk).minutes_most == 25


def test_bookings_do_not_touch_the_catalogue() -> None:
    clinic = cast.build()
    before = catalogue.current()

    Resource.objects.filter(pk=clinic.room.pk).update(diary_version=7)

    assert catalogue.current() is before


def test_a_change_that_is_rolled_back_is_forgotten() -> None:
    clinic = cast.build()
    before = catalogue.current()

    with transaction.atomic():
        Resource.objects.filter(pk=clinic.room.pk).update(name="Never")
        assert catalogue.current().resources[clinic.room.pk].name == "Never"
        transaction.set_rollback(True)

    assert catalogue.current() == before
    assert catalogue.current().resources[clinic.room.pk].name == "Room 1"


def test_reading_costs_the_same_for_one_site_and_for_three() -> None:
    def reading() -> int:
        catalogue.forget()
        with CaptureQueriesContext(connection) as queries:
            catalogue.current()
        return len(queries)

    cast.build()
    one = reading()
    for name in ("Second", "Third"):
        site = cast.site_named(name)
        cast.practitioner(f"Dr {name}", site)
        cast.place(f"Room {name}", Resource.Kind.ROOM, site)

    assert reading() == one


def test_unknown_ids_are_not_found() -> None:
    cast.build()
    ground = catalogue.current()

    for ask in (ground.site, ground.treatment):
        with pytest.raises(NotFound):
            ask(99_999_999)


def test_without_an_active_protocol_nothing_can_be_asked() -> None:
    ground = catalogue.current()

    with pytest.raises(catalogue.NoProtocol):
        _ = ground.protocol


def test_needs_of_one_choice_are_alternatives() -> None:
    clinic = cast.build()
    Need.objects.filter(treatment=clinic.review).delete()
    for kind, choice in (("room", 1), ("device", 1), ("practitioner", 0), ("practitioner", 0)):
        Need.objects.create(treatment=clinic.review, kind=kind, choice=choice, from_min=-15)

    offer = catalogue.current().treatment(clinic.review.pk)

    assert sorted(sorted(a.kind for a in need) for need in offer.needs) == [
        ["device", "room"],
        ["practitioner"],
        ["practitioner"],
    ]
    assert offer.prep_minutes == 15


def test_recovery_counts_from_the_local_date_of_the_last_moment() -> None:
    clinic = cast.build()
    ground = catalogue.current()
    asked = {"procedure": "fractional_ablative", "size": "face", "depth": "superficial"}

    found = ground.recovery(**asked, end=cast.at(cast.day(1), 0), zone=clinic.site.zone)

    assert found == (cast.day(5), cast.day(7), cast.day(14))
    assert (
        ground.recovery(
            procedure="consultation", size="", depth="", end=cast.NOW, zone=clinic.site.zone
        )
        is None
    )


def test_public_holidays_are_those_of_the_subdivision() -> None:
    assert public_holidays("GB", "SCT", 2027)[
        date(2027, 1, 4)
    ] == "New Year Holiday (observed)" or (date(2027, 1, 4) in public_holidays("GB", "SCT", 2027))
    assert date(2027, 1, 4) not in public_holidays("GB", "ENG", 2027)
    assert closed_dates("GB", "ENG", 2026, 2027) == frozenset(
        {*public_holidays("GB", "ENG", 2026), *public_holidays("GB", "ENG", 2027)}
    )


@pytest.mark.parametrize(("country", "subdivision"), [("ZZ", ""), ("ZZ", "XX")])
def test_a_country_without_a_calendar_has_no_public_holidays(
    country: str, subdivision: str
) -> None:
    assert public_holidays(country, subdivision, 2027) == {}


def test_an_unknown_subdivision_keeps_the_countrys_own_holidays() -> None:
    assert public_holidays("GB", "XX", 2027) == public_holidays("GB", "", 2027) != {}


def test_a_site_may_stay_open_on_public_holidays() -> None:
    clinic = cast.build(closed_on_holidays=False)
    ground = catalogue.current()

    assert ground.holiday(ground.site(clinic.site.pk), date(2026, 12, 25)) == ""


def test_weekly_quanta_take_lunch_out_and_count_over_midnight() -> None:
    assert weekly_quanta(
        (
            WeeklyHours(weekday=0, opens=time(9), closes=time(17)),
            WeeklyHours(weekday=0, opens=time(12), closes=time(13), lunch=True),
            WeeklyHours(weekday=5, opens=time(22), closes=time(2)),
            WeeklyHours(weekday=6, opens=time(0), closes=time(0)),
        )
    ) == 12 * (7 + 4 + 24)


def test_a_skill_held_twice_is_held_on_the_dates_of_both() -> None:
    clinic = cast.build()
    Capability.objects.filter(resource=clinic.laser).update(valid_until=cast.day(1))
    Capability.objects.create(
        resource=clinic.laser,
        skill=clinic.laser.capabilities.get().skill,
        valid_from=cast.day(5),
    )
    ground = catalogue.current()
    site = ground.site(clinic.site.pk)
    window = cast_window(0, 7)

    line = ground.lines(site, window).able["fractional", clinic.laser.pk]

    assert line.bit_count() == 288 * (2 + 3)


def cast_window(first: int, last: int):
    from scheduling.core.hours import days_window

    return days_window(cast.day(first), cast.day(last), cast.LONDON)
