"""Why the diary says no: codes of the search, with the names, times and figures behind them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.core import hours
from scheduling.core.availability import (
    ABSENCE,
    CAPABILITY_EXPIRES,
    NO_CAPABILITY,
    OUTSIDE_HOURS,
    Obstacle,
    obstacles,
)
from scheduling.core.refusals import Facts, refusal
from scheduling.core.timeline import ceil_q, instant, spans
from scheduling.core.words import Reason
from scheduling.diary.looking import Look
from scheduling.walltime import LATEST

CLOSED = "no opening hours that day"
NOT_THERE = frozenset({OUTSIDE_HOURS, ABSENCE})
"""Codes that say that somebody or something is not there, or that the house itself is closed."""

MANY = 3
"""Names are told one by one up to so many."""


@dataclass(frozen=True)
class Teller:
    """Puts the codes of one look into reasons, for a start or for a whole day."""

    look: Look

    def at(self, code: str, start_q: int, *, day: bool = False, part: bool = False) -> Reason:
        """Tell one code at one start, or in the words for its whole day or for a part of it."""
        local = self._local(start_q)
        facts: Facts = {"day": f"{local:%a} {local.day} {local:%b %Y}"} if day else {}
        if part:
            facts = {**facts, "part": 1}
        simple = {
            "past": self._past,
            "too_soon": self._too_soon,
            "too_late": self._too_late,
            "patient_busy": self._patient_busy,
            "off_step": self._off_step,
            "minutes_out_of_range": self._minutes,
        }
        if code in simple:
            return simple[code](start_q, facts)
        return self._needs(start_q, facts).get(code) or refusal(code)

    def needs(self, start_q: int) -> list[Reason]:
        """Tell the needs that are not met at a start, one reason a code."""
        return list(self._needs(start_q, {}).values())

    def _needs(self, start_q: int, facts: Facts) -> dict[str, Reason]:
        found: dict[str, list[Obstacle]] = {}
        for obstacle in obstacles(self.look.search, start_q):
            found.setdefault(obstacle.code, []).append(obstacle)
        return {code: self._unmet(code, some, start_q, facts) for code, some in found.items()}

    def _local(self, quantum: int) -> datetime:
        return instant(quantum).astimezone(self.look.question.zone)

    def _clock(self, low: int, high: int) -> str:
        return f"{self._local(low):%H:%M}-{self._local(high):%H:%M}"

    def _past(self, start_q: int, facts: Facts) -> Reason:
        start, now = self._local(start_q), self.look.now.astimezone(self.look.question.zone)
        return refusal(
            "past",
            {**facts, "start": f"{start:%a %d %b %Y %H:%M}"},
            arithmetic=f"{start:%Y-%m-%d %H:%M} < {now:%Y-%m-%d %H:%M}",
            earliest=now.date(),
        )

    def _too_soon(self, start_q: int, facts: Facts) -> Reason:
        site = self.look.question.site
        first = self._local(ceil_q(self.look.now + timedelta(minutes=site.notice_minutes)))
        ahead = (instant(start_q) - self.look.now) // timedelta(minutes=1)
        return refusal(
            "too_soon",
            {
                **facts,
                "site": site.name,
                "notice": _long(site.notice_minutes),
                "first": f"{first:%a %d %b %Y %H:%M}",
            },
            arithmetic=f"{ahead} < {site.notice_minutes} minutes",
            earliest=first.date(),
        )

    def _too_late(self, start_q: int, facts: Facts) -> Reason:
        site, today = self.look.question.site, self.look.today
        last = today + timedelta(days=site.horizon_days)
        return refusal(
            "too_late",
            {
                **facts,
                "site": site.name,
                "days": site.horizon_days,
                "last": f"{last:%a %d %b %Y}",
            },
            arithmetic=f"{(self._local(start_q).date() - today).days} > {site.horizon_days} days",
        )

    def _patient_busy(self, start_q: int, facts: Facts) -> Reason:
        end_q = start_q + self.look.question.length
        found = self.look.known.clash(start_q, end_q, self.look.question.wish.moving)
        if found is None:
            return refusal("patient_busy")
        low, high, name = found
        return refusal(
            "patient_busy",
            {**facts, "visit": f"{name}, {self._clock(low, high)}"},
            arithmetic=f"{self._clock(start_q, end_q)} meets {self._clock(low, high)}",
            earliest=self._local(high).date(),
        )

    def _off_step(self, start_q: int, facts: Facts) -> Reason:
        site = self.look.question.site
        minute = self._local(start_q).minute
        return refusal(
            "off_step",
            {**facts, "site": site.name, "step": site.step_minutes},
            arithmetic=f"{minute} is no multiple of {site.step_minutes}",
            earliest=self._local(start_q).date(),
        )

    def _minutes(self, _: int, facts: Facts) -> Reason:
        offer, minutes = self.look.question.offer, self.look.question.minutes
        low, high = offer.minutes_least, offer.minutes_most
        against = f"< {low}" if minutes < low else f"> {high}"
        return refusal(
            "minutes_out_of_range",
            {
                **facts,
                "treatment": offer.name,
                "least": low,
                "most": high,
                "minutes": minutes,
            },
            arithmetic=f"{minutes} is no multiple of 5"
            if minutes % 5
            else f"{minutes} {against} minutes",
        )

    def _unmet(self, code: str, some: list[Obstacle], start_q: int, facts: Facts) -> Reason:
        told: dict[str, str | int] = {
            **facts,
            "treatment": self.look.question.offer.name,
            "site": self.look.question.site.name,
            "kind": some[0].kind,
            "skill": self._skill(some[0].skill),
            "who": "; ".join(dict.fromkeys(self._who(o, start_q) for o in some)),
        }
        arithmetic = ""
        if code == OUTSIDE_HOURS:
            told["hours"] = self._hours(some, start_q)
            end_q = start_q + self.look.question.length
            if str(told["hours"])[:1].isdigit():
                arithmetic = f"{self._clock(start_q, end_q)} not within {told['hours']}"
        return refusal(
            code,
            told,
            arithmetic=arithmetic,
            earliest=self.look.next_date(code, start_q),
            lacking=self._lacking(code, some, start_q, day="day" in facts),
        )

    def _lacking(self, code: str, some: list[Obstacle], start_q: int, *, day: bool) -> str:
        """Name what alone is not there while the house is open; empty where the house is not."""
        if code not in NOT_THERE or not self._house_is_open(start_q, day=day):
            return ""
        kinds = {obstacle.kind for obstacle in some}
        return f"lacks_{kinds.pop() if len(kinds) == 1 else 'several'}"

    def _house_is_open(self, start_q: int, *, day: bool) -> bool:
        """Tell whether the site is open for all that a start takes, or for any start of its day."""
        look, site = self.look, self.look.question.site
        before, after = look.margins
        window, line = look.window, look.lines.whole
        for absent in site.absences:
            line &= ~window.between(absent.start_q, absent.end_q)
        if not day:
            asked = window.between(start_q - before, start_q + after)
            return bool(asked) and line & asked == asked
        bounds = hours.day_bounds(self._local(start_q).date(), look.question.zone)
        runs = spans(line & window.between(*bounds), window)
        return any(high - low >= before + after for low, high in runs)

    def _skill(self, code: str) -> str:
        for need in self.look.question.offer.needs:
            for asked in need:
                if asked.skill == code:
                    return asked.skill_name
        return code

    def _who(self, obstacle: Obstacle, start_q: int) -> str:
        things = [self.look.question.ground.resources[r] for r in obstacle.resources]
        if obstacle.code == NO_CAPABILITY or not things:
            wish = self.look.question.wish
            ids = [wish.practitioner_id] if wish.practitioner_id else []
            ids += [r for r in wish.resources.get(obstacle.kind, ()) if r not in ids]
            named = [t for r in ids if (t := self.look.question.ground.resources.get(r))]
            return _names((t.name for t in named), obstacle.kind) or "what there is"
        if len(things) <= MANY and obstacle.code == ABSENCE:
            return "; ".join(f"{t.name}{self._away(t.id, start_q)}" for t in things)
        if len(things) <= MANY and obstacle.code == CAPABILITY_EXPIRES:
            return "; ".join(f"{t.name}{self._until(t.id, obstacle.skill)}" for t in things)
        return _names((t.name for t in things), obstacle.kind)

    def _away(self, resource_id: int, start_q: int) -> str:
        """Tell the cause and end of the absence at a start, the resource's own or the site's."""
        question = self.look.question
        thing = question.ground.resources[resource_id]
        before, after = self.look.margins
        for absent in (*thing.absences, *question.site.absences):
            if absent.start_q < start_q + after and start_q - before < absent.end_q:
                if absent.end.date() >= LATEST:
                    return f" ({absent.cause})"
                end = absent.end.astimezone(question.zone)
                return f" ({absent.cause} until {end:%a %d %b %Y %H:%M})"
        return ""

    def _until(self, resource_id: int, skill: str) -> str:
        told = []
        for able in self.look.question.ground.resources[resource_id].skills:
            if able.skill == skill:
                low = f"from {able.valid_from:%d %b %Y}" if able.valid_from else ""
                high = f"until {able.valid_until:%d %b %Y}" if able.valid_until else ""
                told.append(f"{low} {high}".strip())
        return f" ({', '.join(told)})" if told else ""

    def _hours(self, some: Iterable[Obstacle], start_q: int) -> str:
        """Tell when all that is needed is open on the start's local date, whoever it be."""
        question, window = self.look.question, self.look.window
        day = self._local(start_q).date()
        holiday = question.ground.holiday(question.site, day)
        if holiday:
            return f"closed for {holiday}"
        line = window.between(*hours.day_bounds(day, question.zone))
        for obstacle in some:
            opened = 0
            for resource_id in obstacle.resources:
                opened |= self.look.search.opened.get(resource_id, 0)
            line &= opened
        return ", ".join(self._clock(low, high) for low, high in spans(line, window)) or CLOSED


def _names(names: Iterable[str], kind: str) -> str:
    known = list(names)
    if len(known) > MANY:
        return f"all {len(known)} {kind}s"
    return " and ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))


def _long(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    parts = [f"{whole} hour{'s' * (whole > 1)}"] if whole else []
    parts += [f"{rest} minutes"] if rest or not whole else []
    return " ".join(parts)
