"""One press, one effect: a form that comes again just as it was is not done again.

Whoever presses twice, or goes back and presses once more, sends the same page with the same words.
Django writes another `csrfmiddlewaretoken` into every page that it draws, so that it names the page;
with the address and all that was typed it names the press. A form that is opened anew is another.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from scheduling import idempotency
from scheduling.idempotency import Answer, Asked

SAID = (
    "This form had been sent already, and is not done a second time. This is what came of it; "
    "to do the same once more, open the page anew."
)

_PAGE = "csrfmiddlewaretoken"


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """Do a form that answers with a redirect at most once; the second is led to the same page."""

    @wraps(view)
    def pressed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        return answered(request, lambda: view(request, *args, **kwargs))

    return pressed


def answered(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer a form as it is answered, or as it was; an error that passes leaves it to come again."""
    if not request.POST.get(_PAGE):
        return view()
    shown: list[HttpResponse] = []

    def press() -> Answer | None:
        shown[:] = [view()]
        done = isinstance(shown[0], HttpResponseRedirect) and not _went_wrong(request)
        return Answer(status=302, text=shown[0]["Location"]) if done else None

    answer = idempotency.pressed(request=_asked(request), press=press, now=timezone.now())
    if answer is None or not answer.repeated:
        return shown[0]
    messages.warning(request, SAID)
    return HttpResponseRedirect(answer.text)


def _went_wrong(request: HttpRequest) -> bool:
    """Tell whether this request says that something failed; to read the messages would use them up."""
    said = getattr(messages.get_messages(request), "_queued_messages", [])
    return any(each.level >= messages.ERROR for each in said)


def _asked(request: HttpRequest) -> Asked:
    said = [request.get_full_path(), sorted(request.POST.lists()), list(_files(request))]
    digest = hashlib.sha256(json.dumps(said).encode())
    return Asked(
        principal=f"user:{request.user.pk}",
        endpoint="form",
        key=digest.hexdigest(),
        body_hash=digest.digest(),
    )


def _files(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, files in request.FILES.lists():
        for file in files:
            whole = hashlib.sha256(file.read()).hexdigest()
            file.seek(0)
            yield name, whole
