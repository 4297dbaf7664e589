"""How patients come in: their pages' frame, and the doors that links and codes open.

A page is a function `page(request, visitor, now, ...) -> HttpResponse` behind one of four doors:

* `by_link(page=..., purposes=...)`: the cookie of one link opens one visit of one patient;
* `signed_in`: a code opened all that is the patient's;
* `verified`: a code proved that a phone is theirs, and they may be new here;
* `of_a_visit`: either of them, for the pages of one visit.

GET and HEAD change nothing, whoever follows the link; a form acts.
"""

from scheduling.doors.asking import asker, network_of
from scheduling.doors.entering import (
    MY,
    Visitor,
    by_link,
    closed,
    exchange,
    of_a_visit,
    signed_in,
    verified,
    way_in,
)
from scheduling.doors.frame import Page, language_of, private, show, told_text, words_of
from scheduling.doors.trouble import trouble

__all__ = [
    "MY",
    "Page",
    "Visitor",
    "asker",
    "by_link",
    "closed",
    "exchange",
    "language_of",
    "network_of",
    "of_a_visit",
    "private",
    "show",
    "signed_in",
    "told_text",
    "trouble",
    "verified",
    "way_in",
    "words_of",
]
