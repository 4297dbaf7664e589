"""Where the patients' pages of the diary hang."""

from django.urls import path

from scheduling.pages.speaking import speak

urlpatterns = [path("speak/", speak, name="speak")]
