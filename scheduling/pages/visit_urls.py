"""Pages of one visit: below `/v/see/LINK/` by its link, below `/my/visits/ID/` by a code."""

from django.urls import URLPattern

from scheduling.pages import consents, forms

urlpatterns: list[URLPattern] = [*consents.visit_urls, *forms.visit_urls]
