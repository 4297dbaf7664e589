"""Every door of the API under `/api/v1/`."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from scheduling.api.appointments import Appointments
from scheduling.api.patients import Patients
from scheduling.api.places import ResourceDoor, Sites
from scheduling.api.records import Records
from scheduling.api.slots import Slots
from scheduling.api.treatments import Treatments
from scheduling.rest import describing  # noqa: F401 -- registers itself by being read
from scheduling.rest.routing import Router

router = Router()
router.register("sites", Sites, basename="site")
router.register("treatments", Treatments, basename="treatment")
router.register("resources", ResourceDoor, basename="resource")
router.register("patients", Patients, basename="patient")
router.register("patients/(?P<patient>[0-9]{1,18})/records", Records, basename="record")
router.register("slots", Slots, basename="slot")
router.register("appointments", Appointments, basename="appointment")

urlpatterns: list[URLPattern | URLResolver] = [
    re_path("^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("", include(router.urls)),
]
