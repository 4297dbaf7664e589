"""Where the patients' pages of messages hang: below `links.PATH`."""

from django.urls import path

from notifications import unsubscribing
from notifications.pages.stop import stop
from notifications.pages.visit import open_link, visit

urlpatterns = [
    path(f"{unsubscribing.PATH}<str:token>/", stop, name="stop-email"),
    path("see/<int:link_id>/", visit, name="visit"),
    path("<str:token>/", open_link, name="visit-link"),
]
