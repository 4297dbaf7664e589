"""The pages by which patients sign in: their number or e-mail, the code, the date of birth."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import wraps
from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from phonenumber_field.phonenumber import PhoneNumber

from notifications import signin
from notifications.core.passcodes import DIGITS, digits_of
from notifications.core.policy import Channel
from notifications.models import Challenge
from notifications.signin import Address, Asked, ChallengeOver, Unreachable, Wrong
from scheduling import visitors
from scheduling.core.languages import counted
from scheduling.doors import Page, language_of, network_of, private, show, words_of
from scheduling.doors.entering import METHODS, MY, SESSION_COOKIE
from scheduling.doors.frame import Words
from scheduling.limits import TooMany
from scheduling.pages.booking import drafts

PROVING_COOKIE = "proving"
"""The cookie of the browser that asked for a code; it goes to these pages only."""

PROVING_SECONDS = 1800
"""Ten minutes for the code, and as long again for the date, with room for slow hands."""

HOME = f"/{MY}"
_INSIDE = re.compile(rf"/{MY}(?!sign-)(?:[A-Za-z0-9_-]+/)*")
"""Where one may be sent on to: the patients' own pages, spelled plainly."""

_OLDEST = 1900
_LONG = 90
"""Minutes from which a wait is told in hours."""

Inside = Callable[[HttpRequest, datetime], HttpResponse]


def _open(view: Inside) -> Callable[[HttpRequest], HttpResponse]:
    """Open a page to anybody: no cache keeps it, and who is too quick or too late is told so."""

    @require_http_methods(METHODS)
    @never_cache
    @wraps(view)
    def opened(request: HttpRequest) -> HttpResponse:
        try:
            return private(view(request, timezone.now()))
        except TooMany as error:
            return _limited(request, error)
        except ChallengeOver:
            return _plain(request, "over", status=410)

    return opened


# ---------------------------------------------------------------- the number or e-mail


@_open
def ask(request: HttpRequest, now: datetime) -> HttpResponse:
    """Ask for a number or an e-mail; by POST send a code there."""
    onward = _onward(request)
    if request.method != "POST":
        return _on(onward or HOME) if _is_in(request, now) else _ask_page(request, onward)
    try:
        address = signin.read(request.POST.get("address", ""))
    except Unreachable as error:
        return _ask_page(request, onward, why=error.why)
    return _sent(request, address, onward, now)


def _sent(request: HttpRequest, address: Address, onward: str, now: datetime) -> HttpResponse:
    asked = Asked(
        address=address,
        network=network_of(request),
        language=language_of(request),
        token=_token(request),
        onward=onward,
    )
    response = _on(reverse("sign-in-code"))
    _keep(response, PROVING_COOKIE, signin.ask(asked, now=now), PROVING_SECONDS, _path())
    return response


def _ask_page(request: HttpRequest, onward: str, why: str = "") -> HttpResponse:
    facts = {"onward": onward, "typed": request.POST.get("address", "")[:100]}
    return _page(request, "ask", facts, error=_words(request)[f"bad_{why}"] if why else "")


# ---------------------------------------------------------------- the code


@_open
def code(request: HttpRequest, now: datetime) -> HttpResponse:
    """Ask for the code; by POST try it, or send a new one. Once it has come back, it leads on."""
    try:
        return _code(request, now)
    except ChallengeOver:
        signin.proved(token=_token(request), now=now)
        return _on(reverse("sign-in-date"))


def _code(request: HttpRequest, now: datetime) -> HttpResponse:
    challenge = signin.live(token=_token(request), now=now)
    words, typed = _words(request), request.POST.get("code", "")
    if request.method != "POST":
        return _code_page(request, challenge)
    if request.POST.get("act") == "again":
        address = Address(Channel(challenge.channel), challenge.address)
        return _sent(request, address, challenge.onward, now)
    if len(digits_of(typed)) != DIGITS:
        return _code_page(request, challenge, error=words["bad_code"])
    try:
        signin.prove(token=_token(request), typed=typed, now=now)
    except Wrong as error:
        return _code_page(request, challenge, error=_tries(request, "wrong_code", error.left))
    return _on(reverse("sign-in-date"))


def _code_page(request: HttpRequest, challenge: Challenge, error: str = "") -> HttpResponse:
    sent_to = challenge.address
    if challenge.channel == Channel.SMS.value:
        sent_to = PhoneNumber.from_string(sent_to).as_international
    facts = {"sent_to": sent_to}
    return _page(request, "code", facts, error=error)


# ---------------------------------------------------------------- the date of birth


@_open
def birth(request: HttpRequest, now: datetime) -> HttpResponse:
    """Ask for the date of birth; by POST let its patient in, or somebody new."""
    token = _token(request)
    challenge = signin.proved(token=token, now=now)
    if request.method != "POST":
        return _page(request, "date", {"missed": challenge.date_tries > 0})
    if request.POST.get("act") == "new":
        entered = signin.newcomer(token=token, now=now)
        return _let_in(request, entered, reverse("new-patient"), now)
    born = _date(request.POST, now)
    typed = {part: request.POST.get(part, "")[:10] for part in ("day", "month", "year")}
    if born is None:
        missed = challenge.date_tries > 0
        return _page(request, "date", typed | {"missed": missed}, error=_words(request)["bad_date"])
    try:
        entered = signin.patient_by_birth_date(token=token, born=born, now=now)
    except Wrong as error:
        said = _tries(request, "wrong_date", error.left)
        return _page(request, "date", typed | {"missed": True}, error=said)
    return _let_in(request, entered, challenge.onward or HOME, now)


def _date(posted: Mapping[str, str], now: datetime) -> date | None:
    """Read a date of birth from its three fields; None when it is no such date."""
    try:
        year, month, day = (int(posted.get(part, "")) for part in ("year", "month", "day"))
        born = date(year, month, day)
    except (ValueError, OverflowError):
        return None
    return born if year >= _OLDEST and born <= now.date() else None


def _let_in(request: HttpRequest, token: str, onward: str, now: datetime) -> HttpResponse:
    _leave(request, now)
    rotate_token(request)
    response = _on(onward)
    seconds = int(visitors.STAY.total_seconds())
    _keep(response, SESSION_COOKIE, token, seconds, HOME)
    response.delete_cookie(PROVING_COOKIE, path=_path(), samesite="Lax")
    return response


# ---------------------------------------------------------------- the way out; who is new


@require_POST
@_open
def sign_out(request: HttpRequest, now: datetime) -> HttpResponse:
    """Sign out; twice is as good as once."""
    _leave(request, now)
    response = _on(reverse("my-left"))
    response.delete_cookie(SESSION_COOKIE, path=HOME, samesite="Lax")
    return drafts.forget(response)


def _leave(request: HttpRequest, now: datetime) -> None:
    try:
        session = visitors.recognise(token=request.COOKIES.get(SESSION_COOKIE, ""), now=now)
    except visitors.SignedOut:
        return
    visitors.leave(session=session, now=now)


def _is_in(request: HttpRequest, now: datetime) -> bool:
    try:
        session = visitors.recognise(token=request.COOKIES.get(SESSION_COOKIE, ""), now=now)
    except visitors.SignedOut:
        return False
    return session.patient_id is not None


# ---------------------------------------------------------------- what they share


def _page(
    request: HttpRequest, name: str, facts: Mapping[str, Any], *, error: str = "", status: int = 0
) -> HttpResponse:
    words = _words(request)
    page = Page(
        template=f"notifications/signin_{name}.html",
        title=words[f"{name}_title"],
        words=words,
        site=signin.house_of(),
        facts={"error": error} | dict(facts),
    )
    return show(request, page, status=status or (422 if error else 200))


def _plain(request: HttpRequest, which: str, *, status: int = 200, **facts: object) -> HttpResponse:
    words = _words(request)
    page = Page(
        template="notifications/signin_plain.html",
        title=words[f"{which}_title"],
        words=words,
        site=signin.house_of(),
        facts={"said": words[which], "again": which == "over"} | facts,
    )
    return show(request, page, status=status)


def _limited(request: HttpRequest, error: TooMany) -> HttpResponse:
    """Say kindly when to ask again, and whom to ring meanwhile."""
    minutes = ceil(error.retry_after / 60)
    key, n = ("limited", minutes) if minutes <= _LONG else ("limited_hours", ceil(minutes / 60))
    said = _counted(request, key, n)
    response = _plain(request, "limited", status=429, said=said, waiting=_waits(request))
    response["Retry-After"] = str(error.retry_after)
    return response


def _waits(request: HttpRequest) -> bool:
    """Tell whether this browser has a code that it may still enter."""
    try:
        signin.live(token=_token(request), now=timezone.now())
    except ChallengeOver:
        return False
    return True


def _words(request: HttpRequest) -> Words:
    return words_of("notifications", "signin_page", language_of(request))


def _tries(request: HttpRequest, key: str, left: int) -> str:
    return f"{_words(request)[key]} {_counted(request, 'tries', left)}"


def _counted(request: HttpRequest, key: str, n: int) -> str:
    return counted(_words(request)[key], language_of(request), n).format(n=n)


def _onward(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return wanted if len(wanted) <= 200 and _INSIDE.fullmatch(wanted) else ""  # noqa: PLR2004 - its column


def _on(path: str) -> HttpResponse:
    """Go on by 303: the next page is asked for by GET, and a reload repeats nothing."""
    response = redirect(path)
    response.status_code = 303
    return response


def _path() -> str:
    return reverse("sign-in")


def _token(request: HttpRequest) -> str:
    return request.COOKIES.get(PROVING_COOKIE, "")


def _keep(response: HttpResponse, name: str, value: str, seconds: int, path: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
