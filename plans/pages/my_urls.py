"""What hangs below the pages of a patient who signed in."""

from django.urls import path

from plans.pages.course import of_patient

urlpatterns = [path("plans/<int:plan_id>/", of_patient, name="my-plan")]
