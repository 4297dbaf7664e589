"""Where the pages of a patient who signed in hang: below `/my/`."""

from django.urls import URLPattern, path

from scheduling.doors import signed_in, verified
from scheduling.pages import data, forms, papers, waiting
from scheduling.pages.booking import checking, newcomers, starts, wishes

urlpatterns: list[URLPattern] = [
    path("book/", signed_in(wishes.begin), name="book"),
    path("book/site/", signed_in(wishes.site), name="book-site"),
    path("book/treatment/", signed_in(wishes.treatment), name="book-treatment"),
    path("book/area/", signed_in(wishes.area), name="book-area"),
    path("book/times/", signed_in(starts.choose_start), name="book-times"),
    path("book/check/", signed_in(checking.check), name="book-check"),
    path("book/done/", signed_in(checking.done), name="book-done"),
    path("new/", verified(newcomers.only(wishes.begin)), name="new-patient"),
    path("new/name/", verified(newcomers.only(newcomers.name)), name="new-patient-name"),
    path("new/birth/", verified(newcomers.only(newcomers.birth)), name="new-patient-birth"),
    path(
        "new/guardian/", verified(newcomers.only(newcomers.guardian)), name="new-patient-guardian"
    ),
    path(
        "new/messages/", verified(newcomers.only(newcomers.messages)), name="new-patient-messages"
    ),
    path("new/site/", verified(newcomers.only(wishes.site)), name="new-patient-site"),
    path(
        "new/treatment/", verified(newcomers.only(wishes.treatment)), name="new-patient-treatment"
    ),
    path("new/area/", verified(newcomers.only(wishes.area)), name="new-patient-area"),
    path("new/times/", verified(newcomers.only(starts.choose_start)), name="new-patient-times"),
    path("new/check/", verified(newcomers.only(checking.check)), name="new-patient-check"),
    *forms.my_urls,
    *papers.my_urls,
    *data.my_urls,
    *waiting.my_urls,
]
