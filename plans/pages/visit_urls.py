"""What hangs below the page of one visit, at both doors."""

from django.urls import path

from plans.pages.course import of_visit
from plans.pages.moving import confirm, move, moved

urlpatterns = [
    path("move/", move, name="move-visit"),
    path("move/<int:start_q>/", confirm, name="move-visit-to"),
    path("moved/", moved, name="visit-moved"),
    path("plan/", of_visit, name="visit-plan"),
]
