"""How patients come in: their pages' frame, and the doors that links and codes open.

A page is a function `page(request, visitor, now, ...) -> HttpResponse` behind one of three doors:

* `by_link(page=..., purposes=...)`: the cookie of one link opens one visit of one patient;
* `signed_in`: a code opened all that is the patient's;
* `of_a_visit`: either of them, for the pages of one visit.

GET and HEAD change nothing, whoever follows the link; a form acts.
"""

from scheduling.doors.entering import Visitor, by_link, closed, exchange, of_a_visit, signed_in
from scheduling.doors.frame import Page, language_of, private, show, words_of

__all__ = [
    "Page",
    "Visitor",
    "by_link",
    "closed",
    "exchange",
    "language_of",
    "of_a_visit",
    "private",
    "show",
    "signed_in",
    "words_of",
]
