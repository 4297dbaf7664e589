"""What the pages of one visit say alike: when, until when it can be cancelled, where to go on."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from scheduling.core.dates import Spoken, spoken
from scheduling.core.languages import counted
from scheduling.core.words import Status
from scheduling.doors import Visitor
from scheduling.doors.frame import Words
from scheduling.models import Appointment, Site

_SEE_OTHER = 303
_MAP = "https://www.openstreetmap.org/search"


def when(visit: Appointment, language: str, home: str = "") -> Spoken:
    """Say the time to be there, as the messages say it; `home` is the patient's own zone."""
    return spoken(
        at=visit.start - timedelta(minutes=visit.prep_minutes),
        zone=visit.zone,
        language=language,
        country=visit.site.country,
        home=home,
    )


def day(on: date, visit: Appointment, language: str) -> str:
    """Say a local date of the visit's site."""
    noon = datetime.combine(on, time(12), ZoneInfo(visit.zone))
    said = spoken(at=noon, zone=visit.zone, language=language, country=visit.site.country)
    return said.date


def local_date(visit: Appointment, now: datetime) -> date:
    """Answer today's date at the visit's site."""
    return now.astimezone(ZoneInfo(visit.zone)).date()


def is_open(visit: Appointment, now: datetime) -> bool:
    """Tell whether the patient may still say yes or no to a visit."""
    return visit.start > now and visit.status == Status.BOOKED


def is_late(visit: Appointment, now: datetime) -> bool:
    """Tell whether the site's notice for cancelling has passed; `booking.cancel` has the say."""
    return visit.start - now < timedelta(hours=visit.site.cancel_notice_hours)


def late(forms: Mapping[str, str], language: str, hours: int) -> str:
    """Say until when visits are cancelled here, in the plural of the page's language."""
    return counted(forms, language, hours).format(hours=hours)


def standing(visit: Appointment, now: datetime) -> str:
    """Name the sentence that tells how a visit stands, when there is one to say."""
    if visit.status in {Status.CANCELLED, Status.ENTERED_IN_ERROR}:
        return "off"
    if visit.status != Status.BOOKED or visit.start <= now:
        return "over"
    return "confirmed" if visit.confirmed_at else ""


def about(visitor: Visitor, words: Words) -> str:
    """Say whose page it is where a guardian reads it; empty for the patients themselves."""
    child = visitor.patient.given_name
    return str(words["about"]).format(name=child) if visitor.guardian else ""


def zone_of(visitor: Visitor) -> str:
    """Name the zone in which the reader lives, empty where it is the clinic's."""
    return visitor.addressed.zone or visitor.patient.zone


def map_of(site: Site) -> str:
    """Spell a link that looks for the site's address on a map; empty without an address."""
    address = ", ".join(site.address.splitlines())
    return f"{_MAP}?{urlencode({'query': address})}" if address else ""


def below(home: str, *names: str) -> dict[str, str]:
    """Spell the pages below `home` that this house has, by name.

    Floors bring pages of their own; a door that is not there is not shown.
    """
    return {name: f"{home}{name}/" for name in names if _there(f"{home}{name}/")}


def _there(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def see_other(path: str) -> HttpResponse:
    """Go on by GET after a form, so that a reload repeats nothing (RFC 9110, 15.4.4)."""
    response = redirect(path)
    response.status_code = _SEE_OTHER
    return response
