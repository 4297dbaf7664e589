"""Where the pages of a patient who signed in hang: below `/my/`."""

from django.urls import URLPattern, path

from scheduling.doors import signed_in, verified
from scheduling.pages import data, forms, papers
from scheduling.pages.booking import checking, newcomers, starts, wishes

urlpatterns: list[URLPattern] = [
    path("book/", signed_in(wishes.begin), name="book"),
    path("book/site/", signed_in(wishes.site)),
    path("book/treatment/", signed_in(wishes.treatment), name="book-treatment"),
    path("book/area/", signed_in(wishes.area)),
    path("book/times/", signed_in(starts.choose_start)),
    path("book/check/", signed_in(checking.check)),
    path("book/done/", signed_in(checking.done)),
    path("new/", verified(newcomers.only(wishes.begin)), name="new-patient"),
    path("new/name/", verified(newcomers.only(newcomers.name))),
    path("new/birth/", verified(newcomers.only(newcomers.birth))),
    path("new/guardian/", verified(newcomers.only(newcomers.guardian))),
    path("new/messages/", verified(newcomers.only(newcomers.messages))),
    path("new/site/", verified(newcomers.only(wishes.site))),
    path("new/treatment/", verified(newcomers.only(wishes.treatment))),
    path("new/area/", verified(newcomers.only(wishes.area))),
    path("new/times/", verified(newcomers.only(starts.choose_start))),
    path("new/check/", verified(newcomers.only(checking.check))),
    *forms.my_urls,
    *papers.my_urls,
    *data.my_urls,
]
