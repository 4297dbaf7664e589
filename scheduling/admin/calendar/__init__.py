"""The diary as a calendar: the page, what it reads, and the few things that it may ask for."""

from collections.abc import Callable

from django.http import HttpResponse

from scheduling.admin.calendar.acting import book_view, cancel_view, move_view
from scheduling.admin.calendar.month import month_view
from scheduling.admin.calendar.page import diary_view
from scheduling.admin.calendar.reading import days_view, news_view, papers_view
from scheduling.admin.calendar.undoing import undo_view
from scheduling.admin.calendar.wanting import patients_view, starts_view, why_view

SCREENS: tuple[tuple[str, Callable[..., HttpResponse], str], ...] = (
    ("diary/", diary_view, "diary"),
    ("diary/month/", month_view, "month"),
    ("diary/days/", days_view, "days"),
    ("diary/news/", news_view, "news"),
    ("diary/papers/", papers_view, "papers"),
    ("diary/patients/", patients_view, "patients"),
    ("diary/starts/", starts_view, "starts"),
    ("diary/why/", why_view, "why"),
    ("diary/book/", book_view, "diary_book"),
    ("diary/<int:pk>/move/", move_view, "diary_move"),
    ("diary/<int:pk>/cancel/", cancel_view, "diary_cancel"),
    ("diary/undo/", undo_view, "diary_undo"),
)
"""Address below the appointments, view, and the end of its name."""
