"""Every door of plans under `/api/v1/`."""

from django.urls import URLPattern, URLResolver, include, path

from plans.api.plans import Plans
from plans.api.proposals import Proposals, Sessions
from plans.api.templates import Templates
from scheduling.rest.routing import Router

router = Router()
router.register("plan-templates", Templates, basename="plan-template")
router.register("plans", Plans, basename="plan")
router.register("proposals", Proposals, basename="proposal")
router.register("sessions", Sessions, basename="session")

urlpatterns: list[URLPattern | URLResolver] = [path("", include(router.urls))]
