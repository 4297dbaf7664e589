"""What is asked of a report: by whom, over which period, at which sites, with which filters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest

from scheduling import access
from scheduling.errors import Malformed
from scheduling.models import Site
from scheduling.reports import Kind, Page, Period, Scope
from scheduling.screens import door
from scheduling.walltime import EARLIEST, LATEST, local_date_of

READ = "scheduling.read_reports"
READ_CLINICAL = "scheduling.read_clinical_reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One look at a report. `sites` are all that the reader may choose from.

    `today` is the date at the first site counted: a period that holds it is not over yet.
    """

    user: User | AnonymousUser
    sites: tuple[Site, ...]
    site: Site | None
    scope: Scope
    given: Mapping[str, str]
    wrong: str = ""
    today: date | None = None
    page: Page = field(default_factory=Page)

    @property
    def where(self) -> str:
        """Name the sites that are counted."""
        return str(self.site) if self.site else ", ".join(site.name for site in self.sites)

    @property
    def earlier(self) -> "Ask":
        """The same of the period before."""
        return replace(self, scope=self.scope.before)

    def whole(self, name: str) -> int | None:
        """Read a number from the address; None for whatever is none."""
        return door.whole(self.given.get(name))

    def word(self, name: str) -> str:
        """Read a word from the address."""
        return self.given.get(name, "").replace("\x00", "")[:60]

    @property
    def running(self) -> bool:
        """Whether the period has begun and is not over."""
        period = self.scope.period
        return self.today is not None and period.first <= self.today <= period.last

    def query(self, **more: object) -> str:
        """Spell the same period and site as a query, with what else is asked."""
        period = self.scope.period
        facts: dict[str, object] = {"period": period.kind.value}
        if period.kind is Kind.CUSTOM:
            facts |= {"first": period.first, "last": period.last}
        else:
            facts |= {"on": period.first}
        if self.site:
            facts["site"] = self.site.pk
        return urlencode(facts | {k: v for k, v in more.items() if v not in (None, "")})

    def zone_of(self, site_id: int) -> ZoneInfo:
        """Answer the zone on whose clock an instant at a site is told."""
        return ZoneInfo(self.scope.sites.get(site_id, "UTC"))

    def local(self, at: datetime, site_id: int) -> datetime:
        """Tell an instant on its site's clock."""
        return at.astimezone(self.zone_of(site_id)).replace(tzinfo=None)


def read(request: HttpRequest, now: datetime) -> Ask | None:
    """Read what is asked; None for somebody who works at no site."""
    sites = tuple(access.visible_sites(request.user).order_by("name", "pk"))
    if not sites:
        return None
    given = {name: value for name, value in request.GET.items() if isinstance(value, str)}
    chosen = next((s for s in sites if str(s.pk) == given.get("site")), None)
    counted = (chosen,) if chosen else sites
    local = now.astimezone(ZoneInfo(counted[0].zone))
    period, wrong = _period(given, local)
    said = [f"{wrong} This month is shown."] if wrong else []
    if given.get("site") and chosen is None:
        said.append("There is no such site of yours; all of yours are shown.")
    return Ask(
        user=request.user,
        sites=sites,
        site=chosen,
        scope=Scope(period, {site.pk: site.zone for site in counted}),
        given=given,
        wrong=" ".join(said),
        today=local.date(),
    )


def _period(given: Mapping[str, str], local: datetime) -> tuple[Period, str]:
    """Read the period; what makes none is told, and the month shown instead."""
    month = Period.holding(Kind.MONTH, local.date())
    word = given.get("period", Kind.MONTH.value)
    if word not in set(Kind):
        return month, "A period is a week, a month, a quarter, or dates."
    kind = Kind(word)
    try:
        period = _of(kind, given, local)
    except Malformed as error:
        return month, error.sentence
    except ValueError:
        return month, "Dates are in order, and at most 366 days apart."
    if period.before.first < EARLIEST or period.after.last > LATEST:
        return month, "A date lies between the years 1970 and 2199."
    return period, ""


def _of(kind: Kind, given: Mapping[str, str], local: datetime) -> Period:
    if kind is not Kind.CUSTOM:
        on = given.get("on")
        return Period.holding(kind, local_date_of(on) if on else local.date())
    first, last = door.day_in(given.get("first")), door.day_in(given.get("last"))
    if first is None or last is None:
        raise Malformed("Please give both dates.")
    return Period(kind, first, last)
