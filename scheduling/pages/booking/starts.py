"""Free starts as patients choose among them: the soonest first, a week by day, and why not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from scheduling import catalogue, diary, reservations
from scheduling.core.dates import Spoken, spoken
from scheduling.core.languages import counted
from scheduling.core.protocol.values import Prerequisite
from scheduling.core.timeline import floor_q, instant
from scheduling.core.words import Reason, Severity, Wish
from scheduling.doors import Page, Visitor, language_of, show
from scheduling.doors.frame import Words
from scheduling.errors import Malformed, Refused
from scheduling.models import Site
from scheduling.pages.booking import drafts, steps
from scheduling.pages.booking.drafts import Draft
from scheduling.pages.booking.forms import words_for
from scheduling.pages.booking.steps import SeeOther, root_of
from scheduling.screens import times

NOON = time(12)
MOST_REASONS = 3
"""Sentences that one row of days without a start is given; more would not be read."""

FIRST = ("consultation", "patch_test")
"""What may have to come first, by the record that a rule asks for and the procedure that brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How moments are said on this page: by the site's clock, in the visitor's language."""

    zone: str
    country: str
    language: str
    home: str

    def day(self, day: date) -> str:
        """Say a local date."""
        return self.date(datetime.combine(day, NOON, ZoneInfo(self.zone)))

    def date(self, moment: datetime) -> str:
        """Say the date of an instant."""
        return self._said(moment).date

    def time(self, moment: datetime) -> str:
        """Say the time of an instant, and which clock where the visitor's own zone differs."""
        return self._said(moment, home=self.home).time

    def bare_time(self, moment: datetime) -> str:
        """Say the time of an instant, for one of many buttons."""
        return self._said(moment).time

    def _said(self, moment: datetime, home: str = "") -> Spoken:
        return spoken(
            at=moment, zone=self.zone, language=self.language, country=self.country, home=home
        )


def clock_of(request: HttpRequest, visitor: Visitor, site: Site) -> Clock:
    """Answer the clock of a site for this visitor."""
    return Clock(
        zone=site.zone,
        country=site.country,
        language=language_of(request, visitor.patient),
        home=visitor.patient.zone,
    )


def choose_start(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the starts that booking would accept; by POST keep one of them for ten minutes."""
    draft = drafts.read(request, visitor)
    wish = steps.wish_of(visitor, draft)
    if wish is None or steps.missing(visitor, draft, now) != "times":
        return redirect(f"{root_of(visitor)}{steps.missing(visitor, draft, now)}/")
    notice = ""
    if request.method == "POST":
        try:
            return _keep(request, visitor, draft, now)
        except Refused:
            notice = "lost"
        except Malformed:
            notice = "again"
        except reservations.Enough:
            notice = "enough"
    return shown(request, visitor, wish, now, notice)


def _keep(request: HttpRequest, visitor: Visitor, draft: Draft, now: datetime) -> HttpResponse:
    """Keep the start that was pressed, of what its page was about, and go to the check.

    Raises:
        Refused, Enough: see `reservations.keep`.
        Malformed: no start of ours was pressed, or the page was of another wish.

    """
    wish = steps.wish_of(visitor, draft)
    pressed = request.POST.get("at", "")
    if wish is None or request.POST.get("of") != _mark(wish) or not pressed.isdecimal():
        raise Malformed
    start = _moment(pressed)
    session = drafts.session_of(visitor)
    kept = reservations.keep(session=session, wish=wish, start=start, now=now)
    draft["kept"] = drafts.seal(kept, visitor)
    return drafts.remember(SeeOther(f"{root_of(visitor)}check/"), draft, visitor)


def _moment(quantum: str) -> datetime:
    try:
        return instant(int(quantum[:12]))
    except (OverflowError, ValueError, OSError) as error:
        raise Malformed from error


def _mark(wish: Wish) -> str:
    """Name a wish, so that a page that was left open in another tab keeps nothing else."""
    return f"{wish.site_id}-{wish.treatment_id}-{'.'.join(wish.areas)}-{wish.size}"


def shown(
    request: HttpRequest, visitor: Visitor, wish: Wish, now: datetime, notice: str = ""
) -> HttpResponse:
    """Draw the page of starts."""
    words, site = words_for(request, visitor), Site.objects.get(pk=wish.site_id)
    language = language_of(request, visitor.patient)
    clock = clock_of(request, visitor, site)
    found = times.page(wish=wish, site=site, first=_first(request), now=now)
    offer = catalogue.current().treatment(wish.treatment_id)
    draft = drafts.read(request, visitor)
    soonest = found.earliest
    # where nothing is free at all, the end of one reason alone is no date to plan by
    ends = words if soonest else {**words, "possible_from": ""}
    facts = {
        "notice": words.get(f"notice_{notice}", ""),
        "treatment": offer.named(language),
        "mark": _mark(wish),
        "soonest": soonest and _button(soonest, clock) | {"date": clock.date(_at(soonest))},
        "nothing": soonest is None,
        "lasting": () if soonest else _lasting(wish, site, now),
        "rows": _rows(found.days, clock, ends),
        "first": _comes_first(visitor, site, found.days, language),
        "here": request.path,
        "wait": "" if steps.is_new(visitor) else reverse("my-waiting-join"),
        "treatment_page": f"{root_of(visitor)}treatment/",
        "earlier": found.earlier and found.earlier.isoformat(),
        "later": found.later.isoformat(),
        "back": steps.before(visitor, draft, now, "times"),
    }
    page = Page(
        template="scheduling/patient/starts.html",
        title=words["times_title"],
        words=words,
        patient=visitor.patient,
        site=site,
        facts=facts,
    )
    return show(request, page)


def _first(request: HttpRequest) -> date | None:
    """Read from which date the week is asked for; what is no date of ours is today."""
    try:
        day = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        return None
    return day if date(2000, 1, 1) < day < date(2190, 1, 1) else None


def _at(start: times.Start) -> datetime:
    return datetime.fromisoformat(start.iso)


def _button(start: times.Start, clock: Clock) -> dict[str, object]:
    """Shape one start: the quantum that it is asked by, and when to be there."""
    moment = _at(start)
    return {"at": floor_q(moment), "time": clock.bare_time(_there(start, moment))}


def _there(start: times.Start, moment: datetime) -> datetime:
    """Answer the time to be there, which is what messages tell too."""
    if not start.arrive:
        return moment
    minutes = _minutes(start.time) - _minutes(start.arrive)
    return moment - timedelta(minutes=minutes % (24 * 60))


def _minutes(said: str) -> int:
    hours, minutes = said.split(":")
    return int(hours) * 60 + int(minutes)


def _rows(days: Iterable[times.Day], clock: Clock, words: Words) -> list[dict[str, object]]:
    """List the days; those without a start for the same reasons stand together."""
    rows: list[dict[str, object]] = []
    for said, group in groupby(days, key=lambda day: _why(day, clock, words)):
        some = list(group)
        if said:
            ends = list(dict.fromkeys(clock.day(day.date) for day in (some[0], some[-1])))
            rows.append({"days": words["until"].join(ends), "why": said})
            continue
        rows += [_open_day(day, clock, words) for day in some]
    first = next((row for row in rows if "starts" in row), None)
    if first is not None:
        first["open"] = True
    return rows


def _open_day(day: times.Day, clock: Clock, words: Words) -> dict[str, object]:
    number = len(day.starts)
    form = counted(words["count"], clock.language, number)
    return {
        "days": clock.day(day.date),
        "count": form.format(n=number),
        "starts": [_button(start, clock) for start in day.starts],
    }


def _why(day: times.Day, clock: Clock, words: Words) -> tuple[str, ...]:
    """Say in plain words why a day has no start, and from when this reason is over.

    Where the skin says no, the diary's reasons would mislead: another time would not help.
    """
    if day.starts:
        return ()
    against = blocking(day.reasons)
    skin = [reason for reason in against if reason.sureness]
    if skin:
        latest = {r.code: r for r in sorted(skin, key=_end)}
        against = sorted(latest.values(), key=_end, reverse=True)
    elif any(reason.code != "past" for reason in against):
        against = [reason for reason in against if reason.code != "past"]
    said = [_told(reason, clock, words) for reason in against]
    return tuple(dict.fromkeys(said))[:MOST_REASONS] or (words["no_start"],)


def _end(reason: Reason) -> tuple[date, str]:
    return reason.earliest or date.max, reason.code


def _told(reason: Reason, clock: Clock, words: Words) -> str:
    if not reason.sureness:
        name = reason.plain.name if reason.plain else ""
        whole_day: str = words["day_why"].get(name or reason.code, reason.patient_sentence)
        return whole_day
    if reason.earliest is None:
        return reason.patient_sentence
    over = words["possible_from"].format(date=clock.day(reason.earliest))
    return f"{reason.patient_sentence} {over}".strip()


def _lasting(wish: Wish, site: Site, now: datetime) -> tuple[str, ...]:
    """Say what of the skin still stands in the way in the last week that is booked ahead."""
    last = now.astimezone(ZoneInfo(site.zone)).date() + timedelta(days=site.horizon_days)
    first = last - timedelta(days=times.WEEK - 1)
    found = diary.free_starts(wish=wish, first=first, last=last, now=now)
    reasons = [reason for day in found.hidden for reason in blocking(day.reasons)]
    said = dict.fromkeys(reason.patient_sentence for reason in reasons if reason.sureness)
    return tuple(said)[:MOST_REASONS]


def blocking(reasons: Iterable[Reason]) -> list[Reason]:
    """Leave out what is only a caution."""
    return [reason for reason in reasons if reason.severity is not Severity.ADVISORY]


def _comes_first(
    visitor: Visitor, site: Site, days: Sequence[times.Day], language: str
) -> list[dict[str, object]]:
    """List the treatments that must come first on every day without a start, and can be booked here."""
    ground = catalogue.current()
    fired = {reason.code for day in days for reason in blocking(day.reasons)}
    asked = {
        rule.needs
        for rule in ground.protocol.rules
        if isinstance(rule, Prerequisite) and rule.code in fired
    }
    wanted = next((needs for needs in FIRST if needs in asked), "")
    offers = steps.offers_for(visitor, ground.site(site.pk))
    return [{"id": o.id, "name": o.named(language)} for o in offers if o.procedure == wanted]
