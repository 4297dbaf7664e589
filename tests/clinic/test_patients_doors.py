"""Every route of the patients' pages, and who sees what behind it: only the owner, ever.

The table below has a row for each route of the URL resolver; a route without one is red. Each is
asked by GET and by POST, with what would act, by eight visitors. Whoever has no business behind a
door gets the same bytes as for what was never there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver

from scheduling import todos
from scheduling.models import Appointment, Patient
from tests import cast, neighbours
from tests.neighbours import ADA, BO, GWEN, OF_ADA, Street

pytestmark = pytest.mark.django_db

PREFIXES = ("v/", "c/", "o/", "my/", "speak/")
NEVER = 999_999
"""An id that nothing has."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One route: by what it opens, and what would act on it.

    `opens`: link (the cookie of a link in the address), token (the address itself), code (whoever
    signed in, their own things), mine (what an id in the address names, to its patient who signed
    in), new (who proved a phone and is nobody here), all (anybody, nothing of anybody).
    """

    opens: str
    of: str = "visit"
    act: dict[str, str] = field(default_factory=dict)
    owner: frozenset[int] = frozenset({200})


def row(opens: str, *owner: int, of: str = "visit", **act: str) -> Row:
    return Row(opens=opens, of=of, act=act, owner=frozenset(owner or (200,)))


YES = {"answer": "yes", "day": "1", "month": "1", "year": "2027"}
CANCEL = {"reason": "ill", "birth_year": "1985", "version": "1"}
SIGN = {"name": "Ada Pine", "agree": "yes", "text": "1"}
VISIT = {
    "": row("", act="confirm"),
    "calendar.ics": row(""),
    "cancel/": row("", **CANCEL),
    "messages/": row("", by="sms", language="en", version="1"),
    "move/": row("", act="wish", weekday="1", part="morning"),
    "move/<int:start_q>/": row("", seen="x"),
    "moved/": row(""),
    "plan/": row("", proposal="1"),
    "forms/": row(""),
    "forms/consent/": row("", **SIGN),
    "forms/history/": row("", 200, 302),
    "forms/history/check/": row("", 200, 302),
    "forms/history/sent/": row("", 200, 302),
    "forms/history/<slug:key>/": row("", **YES),
}
"""What hangs below the page of one visit, at both doors."""

BOOK = ("", "site/", "treatment/", "area/", "times/", "check/")
TABLE = (
    {f"v/see/<int:link_id>/{path}": row("link", *r.owner, **r.act) for path, r in VISIT.items()}
    | {
        f"my/visits/<int:appointment_id>/{path}": row("mine", *r.owner, **r.act)
        for path, r in VISIT.items()
    }
    | {f"my/book/{path}": row("code", 200, 302, choice="1") for path in (*BOOK, "done/")}
    | {f"my/new/{path}": row("new", 302, choice="1") for path in BOOK}
    | {
        f"my/new/{path}": row("new", 302, given="A", family="B")
        for path in ("name/", "birth/", "guardian/", "messages/")
    }
    | {
        f"my/{path}": row("code", *r.owner, **r.act)
        for path, r in VISIT.items()
        if path.startswith("forms/") and path != "forms/consent/"
    }
    | {
        "v/see/<int:link_id>/cancelled/": row("link", 303),
        "v/<str:token>/": row("token", 302),
        "c/<str:token>/": row("token", 302, of="care"),
        "o/<str:token>/": row("token", 302, of="offer"),
        "v/stop/<str:token>/": row("token", of="stop", stop="yes"),
        "c/see/<int:link_id>/": row("link", of="care", answer="worse"),
        "o/see/<int:link_id>/": row("link", of="offer", act="decline"),
        "my/": row("code"),
        "my/messages/": row("code", by="sms", language="en", version="1"),
        "my/data/": row("code", act="erase"),
        "my/waiting/": row("code", leave="1"),
        "my/waiting/join/": row("code", 200, 302, weeks="2"),
        "my/waiting/earlier/<int:appointment_id>/": row("mine", weeks="2"),
        "my/waiting/offer/<int:offer_id>/": row("mine", act="decline"),
        "my/data/my-data.json": row("code"),
        "my/papers/": row("code"),
        "my/papers/history-<int:pk>.pdf": row("mine", of="history"),
        "my/papers/consent-<int:pk>.pdf": row("mine", of="consent"),
        "my/plans/<int:plan_id>/": row("mine", of="plan", proposal="1"),
        "my/sign-in/": row("all", 200, 302, 303, address="?"),
        "my/sign-in/code/": row("all", 410, code="123456"),
        "my/sign-in/date/": row("all", 410, day="12", month="4", year="1985"),
        "my/sign-out/": row("all", 405),
        "my/left/": row("all"),
        "speak/": row("all", 405, language="es", next="/my/"),
    }
)


def routes() -> dict[str, str]:
    """Enumerate the patients' routes as the resolver knows them."""

    def walk(patterns: list[Any], before: str = "") -> Iterator[str]:
        for each in patterns:
            path = before + str(each.pattern)
            if isinstance(each, URLPattern):
                yield path
            else:
                yield from walk(each.url_patterns, path)

    found = walk(get_resolver(settings.ROOT_URLCONF).url_patterns)
    return {path: path for path in found if path.startswith(PREFIXES)}


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert sorted(TABLE) == sorted(routes())


# ---------------------------------------------------------------- who asks


@dataclass(frozen=True)
class Asked:
    """One route's address for Ada's thing, and for what never was."""

    path: str
    nowhere: str


def asked(route: str, row: Row, street: Street, papers: tuple[int, int]) -> Asked:
    """Spell the address of a route that leads to what is Ada's."""
    token = street.tokens.get(row.of, "")
    ids = {"history": papers[0], "consent": papers[1], "plan": street.plan.pk}
    link = street.link(row.of).pk if row.opens == "link" else 0
    facts = {
        "<int:link_id>": link,
        "<int:appointment_id>": street.visit.pk,
        "<int:plan_id>": street.plan.pk,
        "<int:offer_id>": street.link("offer").offer_id,
        "<int:pk>": ids.get(row.of, 0),
        "<int:start_q>": int(street.visit.start.timestamp()) // 300 + 12,
        "<slug:key>": "sun",
        "<str:token>": token,
    }
    never = facts | dict.fromkeys(list(facts)[:4], NEVER) | {"<str:token>": "x" * 43}
    return Asked(_spelled(route, facts), _spelled(route, never))


def _spelled(route: str, facts: dict[str, Any]) -> str:
    for key, value in facts.items():
        route = route.replace(key, str(value))
    return f"/{route}"


def link_of(street: Street, name: str) -> Client:
    """Open the link of somebody on a phone of their own."""
    client = Client()
    door = {"care": "c", "offer": "o"}.get(name, "v")
    assert client.get(f"/{door}/{street.tokens[name]}/").status_code == 302
    return client


def code_of(patient: Patient | None, phone: str) -> Client:
    client = Client()
    client.cookies["patient"] = neighbours.admitted(patient, phone)
    return client


def forger(street: Street) -> Client:
    """Hold one's own token up under the names of another's cookies."""
    client = Client()
    for name in ("visit", "care", "offer"):
        page = {"visit": "visit"}.get(name, name)
        client.cookies[f"{page}-{street.link(name).pk}"] = street.tokens["bo"]
    client.cookies["patient"] = street.tokens["visit"]  # a link's token is no sign-in
    return client


def staff(street: Street) -> Client:
    """Sign a member of another site's staff in to the admin."""
    client = Client()
    client.force_login(cast.staff_user("elsewhere", cast.site_named("Olavide")))
    return client


OTHERS: dict[str, Callable[[Street], Client]] = {
    "a stranger": lambda _: Client(),
    "Bo by a link": lambda street: link_of(street, "bo"),
    "Bo with forged cookies": forger,
    "Bo by a code": lambda street: code_of(street.bo, BO),
    "a guardian by a code": lambda street: code_of(street.kim, GWEN),
    "somebody new by a code": lambda _: code_of(None, "+447700900177"),
    "staff of another site": staff,
}
SIGNED_IN = {"Bo by a code", "a guardian by a code"}


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def street() -> Street:
    return neighbours.built()


@pytest.fixture
def papers(street: Street) -> tuple[int, int]:
    street.tokens["stop"] = neighbours.stop_token(street)
    return neighbours.with_papers(street)


def is_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"].startswith("/my/sign-in/")


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def of_ada(street: Street) -> list[Any]:
    """Read every row that hangs on Ada."""
    kept: list[Any] = [list(Patient.objects.filter(pk=street.ada.pk).values())]
    for model in apps.get_models():
        for each in model._meta.get_fields():
            if each.is_relation and each.concrete and each.related_model is Patient:
                rows = model._default_manager.filter(**{each.name: street.ada}).order_by("pk")
                kept.append([model.__name__, list(rows.values())])
    return kept


def check(name: str, row: Row, at: Asked, client: Client, method: str) -> None:
    """Ask one route as one visitor who is not Ada."""
    ask = getattr(client, method)
    body = (row.act,) if method == "post" else ()
    response = ask(at.path, *body)
    seen = content(response)
    where = f"{name}: {method} {at.path}"
    assert not OF_ADA.search(seen.decode("utf-8", "replace")), where
    assert response.status_code < 500, where
    if row.opens in {"link", "mine"} and not (row.opens == "mine" and name not in SIGNED_IN):
        assert response.status_code == 404, where
        never = ask(at.nowhere, *body)
        assert (never.status_code, content(never)) == (response.status_code, blank(seen, at)), where
    elif (row.opens in {"mine", "code"} and name not in SIGNED_IN) or (
        row.opens == "new" and name not in {*SIGNED_IN, "somebody new by a code"}
    ):
        assert is_sign_in(response), where


def blank(seen: bytes, at: Asked) -> bytes:
    """Leave out the page's own address, which whoever asked knows."""
    return seen.replace(at.path.encode(), at.nowhere.encode())


def test_nobody_else_comes_in_or_changes_anything(street: Street, papers: tuple[int, int]) -> None:
    before = of_ada(street)
    for name, phone in OTHERS.items():
        client = phone(street)
        # the ways out come last
        for route, each in sorted(TABLE.items(), key=lambda item: item[1].opens == "all"):
            # whoever has the address of a token has the message: nothing else is asked
            for method in ("get", "post") if each.opens != "token" else ():
                check(name, each, asked(route, each, street, papers), client, method)
    assert of_ada(street) == before


def owner_of(row: Row, street: Street) -> Client:
    if row.opens == "link":
        return link_of(street, row.of)
    return code_of(street.ada, ADA) if row.opens in {"mine", "code", "new"} else Client()


def comes_in(street: Street, papers: tuple[int, int]) -> None:
    for route, each in TABLE.items():
        at = asked(route, each, street, papers)
        response = owner_of(each, street).get(at.path)
        assert response.status_code in each.owner, at.path
        assert not is_sign_in(response), at.path
        if each.opens == "token":
            assert Client().get(at.nowhere).status_code == 404, at.nowhere


def acts(route: str, street: Street, papers: tuple[int, int]) -> None:
    """Send as the owner what the others sent in vain."""
    at, body = asked(route, TABLE[route], street, papers), dict(TABLE[route].act)
    if "version" in body:
        body["version"] = str(Appointment.objects.get(pk=street.visit.pk).version)
    assert owner_of(TABLE[route], street).post(at.path, body).status_code in {302, 303}


def test_the_owner_comes_in_and_the_same_forms_act(street: Street, papers: tuple[int, int]) -> None:
    """The control of the test above: each address is a real one, and the forms are worth sending."""
    comes_in(street, papers)
    for route in ("v/see/<int:link_id>/", "o/see/<int:link_id>/", "my/data/"):
        acts(route, street, papers)
    acts("v/see/<int:link_id>/cancel/", street, papers)
    street.visit.refresh_from_db()
    street.offer.refresh_from_db()
    assert (street.visit.confirmed_at, street.visit.status) == (cast.NOW, "cancelled")
    assert street.offer.state == "declined"
    assert todos.erasure_asked(street.ada.pk)
    children(street)


def children(street: Street) -> None:
    """A guardian opens the child's pages, and neither of them anybody else's."""
    guardian, mother = code_of(street.kim, GWEN), code_of(street.gwen, GWEN)
    for path in VISIT:
        if path in {"plan/", "move/<int:start_q>/"}:
            continue
        at = f"/my/visits/{street.kims.pk}/{path.replace('<slug:key>', 'sun')}"
        assert guardian.get(at).status_code in {200, 302}, at
        # who signed in as herself is not the child: the other birth date was typed
        assert mother.get(at).status_code == 404, at
        assert code_of(street.ada, ADA).get(at).status_code == 404, at
