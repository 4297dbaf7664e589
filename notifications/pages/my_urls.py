"""The pages of a patient who signed in, below `doors.entering.MY`."""

from django.urls import path

from notifications.pages.home import home, left
from notifications.pages.preferences import mine
from notifications.pages.visit import visit

urlpatterns = [
    path("", home, name="my"),
    path("left/", left, name="my-left"),
    path("messages/", mine),
    path("visits/<int:appointment_id>/", visit, name="my-visit"),
]
