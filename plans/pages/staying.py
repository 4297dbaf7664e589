"""A way on for a visitor whose own link has died of what they did."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from scheduling import links
from scheduling.doors import Visitor, exchange


def on(request: HttpRequest, visitor: Visitor, path: str, now: datetime) -> HttpResponse:
    """Lead to a page below the visitor's own, by a link to the visit as it is now.

    A link dies with the time that it told of. Whoever has just moved the visit by it gets a new
    one, in the cookie only, so that they are not turned away from their own change.
    """
    response: HttpResponse = redirect(f"{visitor.home}{path}")
    if visitor.link is not None:
        visit = visitor.visit
        visit.refresh_from_db()
        if visit.told_version != visitor.link.bound_version:
            token = links.issue(appointment=visit, now=now, purpose=visitor.link.purpose)
            response = exchange(request, token, page="visit")
            response["Location"] += path
    response.status_code = 303
    return response
