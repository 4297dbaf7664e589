"""What somebody has said so far: in a signed cookie of their own, bound to their session.

Nothing of it is kept here, so that whoever gives up leaves nothing behind; nothing of it stands in
an address, which phones and proxies keep.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from scheduling.core.words import Wish
from scheduling.doors import Visitor
from scheduling.errors import NotFound
from scheduling.models import Appointment, PatientSession
from scheduling.reservations import Reserved

COOKIE, PATH, SECONDS = "draft", "/my/", 3600
_SALT = "scheduling.pages.booking"

Draft = dict[str, Any]


def session_of(visitor: Visitor) -> PatientSession:
    """Answer the session; these pages have no other door.

    Raises:
        NotFound: the visitor came by a link.

    """
    if visitor.session is None:
        raise NotFound
    return visitor.session


def read(request: HttpRequest, visitor: Visitor) -> Draft:
    """Read what was said so far in this session; empty when that was nothing, or another's."""
    return dict(_opened(request.COOKIES.get(COOKIE, ""), visitor))


def remember(response: HttpResponse, draft: Mapping[str, Any], visitor: Visitor) -> HttpResponse:
    """Let the phone remember a draft for an hour."""
    response.set_cookie(
        COOKIE,
        _closed(draft, visitor),
        max_age=SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def forget(response: HttpResponse) -> HttpResponse:
    """Let the phone forget it."""
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return response


def seal(visit: Appointment, visitor: Visitor) -> str:
    """Spell what is kept for a form, so that it can be chosen again after the hold has expired."""
    facts = {
        "id": visit.pk,
        "site": visit.site_id,
        "treatment": visit.treatment_id,
        "areas": visit.areas,
        "size": visit.size,
        "start": visit.start.isoformat(),
    }
    return _closed(facts, visitor)


def unseal(text: str, visitor: Visitor) -> Reserved | None:
    """Read what a form keeps; None when it is not ours, too old, or of another session."""
    facts = _opened(text, visitor)
    if "start" not in facts:
        return None
    wish = Wish(
        site_id=facts["site"],
        treatment_id=facts["treatment"],
        areas=tuple(facts["areas"]),
        size=facts["size"],
    )
    start = datetime.fromisoformat(facts["start"])
    return Reserved(appointment_id=facts["id"], wish=wish, start=start)


def _closed(facts: Mapping[str, Any], visitor: Visitor) -> str:
    held = {"of": session_of(visitor).pk, "facts": dict(facts)}
    return signing.dumps(held, salt=_SALT, compress=True)


def _opened(text: str, visitor: Visitor) -> Mapping[str, Any]:
    try:
        held = signing.loads(text, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return {}
    facts: Mapping[str, Any] = held["facts"] if held["of"] == session_of(visitor).pk else {}
    return facts
