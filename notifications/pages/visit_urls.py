"""The pages of one visit, below its link's page and below its patient's own."""

from django.urls import path

from notifications.pages.cancelling import cancel
from notifications.pages.preferences import of_visit
from notifications.pages.visit import calendar

urlpatterns = [
    path("cancel/", cancel),
    path("calendar.ics", calendar),
    path("messages/", of_visit),
]
