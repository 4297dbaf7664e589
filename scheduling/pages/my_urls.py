"""Pages of all that is a patient's, below `/my/`, by a code."""

from django.urls import URLPattern

from scheduling.pages import data, forms, papers

urlpatterns: list[URLPattern] = [*forms.my_urls, *papers.my_urls, *data.my_urls]
