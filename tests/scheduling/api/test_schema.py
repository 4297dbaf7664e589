import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

import scheduling
from scheduling.errors import ClinicError
from tests import cast


def test_the_description_is_openapi_3_and_is_made_without_a_warning() -> None:
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert schema["openapi"].startswith("3.")
    assert not GENERATOR_STATS


def test_the_description_is_served_with_the_contract_in_it(client: Client) -> None:
    answer = client.get("/api/v1/schema", {"format": "json"})
    assert answer.status_code == 200
    paths = json.loads(answer.content)["paths"]
    steps = ["move", "confirm", "arrive", "check-in", "complete", "cancel", "no-show", "reinstate"]
    for step in steps:
        answers = paths[f"/api/v1/appointments/{{id}}/{step}/"]["post"]["responses"]
        assert {"200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "503"} == set(
            answers
        )
    bodies = json.loads(answer.content)["components"]["schemas"]
    closed = {name for name, body in bodies.items() if body.get("additionalProperties") is False}
    assert {"BookBody", "MoveBody", "PatientBody", "RecordBody", "OverrideBody"} < closed
    query = {p["name"] for p in paths["/api/v1/slots/"]["get"]["parameters"]}
    assert query == {
        "treatment",
        "site",
        "from",
        "to",
        "practitioner",
        "patient",
        "area",
        "size",
        "depth",
        "minutes",
        "indication",
        "encounter",
        "moving",
        "start",
    }


def test_every_code_of_the_ground_floor_is_explained() -> None:
    for module in pkgutil.walk_packages(scheduling.__path__, "scheduling."):
        if "migrations" not in module.name and "management" not in module.name:
            importlib.import_module(module.name)
    page = (Path(__file__).parents[3] / "docs" / "refusals.md").read_text("utf-8")
    kinds = [k for k in descendants(ClinicError) if k.__module__.startswith("scheduling.")]
    assert sorted(k.code for k in kinds if f"`{k.code}`" not in page) == []
    assert len(kinds) > 10


def test_every_address_in_the_guide_is_in_the_description(client: Client) -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
    paths = set(json.loads(client.get("/api/v1/schema", {"format": "json"}).content)["paths"])
    told = set(re.findall(r"/api/v1/[a-z/{}-]*", page)) - {"/api/v1/"}
    told |= {f"/api/v1/appointments/{{id}}{step}" for step in re.findall(r"`(/[a-z-]+/)`", page)}
    assert sorted(told - paths) == ["/api/v1/docs/", "/api/v1/schema"]


def descendants(kind: type[ClinicError]) -> list[type[ClinicError]]:
    return [each for child in kind.__subclasses__() for each in (child, *descendants(child))]


def test_the_description_can_be_read_without_the_internet(client: Client) -> None:
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    assert b"drf_spectacular_sidecar/swagger-ui-dist" in page.content
    assert b"//cdn" not in page.content
    assert b"<script>" not in page.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["sites", "treatments", "resources"])
def test_the_catalogue_is_listed(desk: APIClient, clinic: cast.Clinic, path: str) -> None:
    schema = json.loads(desk.get("/api/v1/schema", {"format": "json"}).content)["components"]
    name = {"sites": "Site", "treatments": "Treatment", "resources": "Resource"}[path]
    found = desk.get(f"/api/v1/{path}/").json()
    assert list(found) == ["count", "next", "previous", "results"]
    for row in found["results"]:
        assert list(row) == list(schema["schemas"][name]["properties"])
        assert desk.get(f"/api/v1/{path}/{row['id']}/").json() == row
