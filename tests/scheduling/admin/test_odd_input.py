"""Whatever is typed into an address or a form: an answer with a sentence, never a fault of ours."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling.models import Absence, Patient, Record
from tests import cast
from tests.scheduling.admin.forms import problems, send

BIG = 10**30


@pytest.fixture
def root(clinic: cast.Clinic) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root", password="a-long-password"))
    return client


@pytest.mark.parametrize(
    "url",
    [
        f"protocolversion/{BIG}/change/",
        f"protocolversion/{BIG}/try/",
        f"protocolversion/{BIG}/figures/rules/SEED-GAP-RF/",
        "protocolversion/one/change/",
        f"patient/{BIG}/change/",
        "patient/x'y/change/",
        "patient/?q=%2B",
        "patient/?q=((((((((",
        "patient/?q=31%2F02%2F2020",
        "patient/?q=" + "9" * 500,
        "patient/?q=" + "%25" * 50,
        "patient/?q=%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6",
        "record/add/?kind=healed&patient=abc",
        f"record/add/?kind=healed&patient={BIG}",
        "record/add/?kind=healed&areas=tail&clock=here",
        "record/add/?kind=nonsense",
        "record/?kind__exact=nonsense",
        "absence/add/?first=soon&clock=here&resource=me",
        "todo/?site__id__exact=abc",
        "todo/?state=nonsense",
        "change/?at__year=abc",
        f"change/?q={BIG}",
        "site/?o=99.-99.x",
        "site/?p=-1",
        f"room/{BIG}/history/",
    ],
)
def test_address_that_makes_no_sense_is_answered(root: Client, url: str) -> None:
    assert root.get(f"/admin/scheduling/{url}", follow=True).status_code in {200, 404}


@pytest.mark.parametrize("first", ["0001-01-01", "9999-12-31", "2200-01-01"])
def test_absence_beyond_the_diary_is_refused(root: Client, clinic: cast.Clinic, first: str) -> None:
    page = send(
        root, "/admin/scheduling/absence/add/", site=clinic.site.pk, cause="closure", first=first
    )
    assert problems(page) == {"first": ["A time lies between the years 1970 and 2199."]}
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("consultation", {"day": "9999-12-31", "begins": "23:59"}),
        ("consultation", {"day": "0001-01-01", "begins": "00:00"}),
        ("healed", {"start_date": "9999-12-31"}),
        ("pregnancy", {"start_date": "9999-12-31"}),
    ],
)
def test_record_beyond_the_diary_is_refused(
    root: Client, clinic: cast.Clinic, kind: str, typed: dict[str, str]
) -> None:
    url = f"/admin/scheduling/record/add/?kind={kind}&patient={clinic.patient.pk}"
    before = Record.objects.count()
    assert problems(send(root, url, **typed))
    assert Record.objects.count() == before


@pytest.mark.parametrize(
    "typed",
    [
        {"phone": "+" * 200},
        {"given_name": "x" * 500},
        {"email": "not mail"},
        {"guardian": str(BIG)},
        {"guardian": "abc"},
        {"birth_date": "0000-00-00"},
        {"fitzpatrick": "9"},
    ],
)
def test_patient_typed_with_a_fist_is_refused(root: Client, typed: dict[str, Any]) -> None:
    data = {"given_name": "Zoe", "family_name": "Quill", "birth_date": "1990-02-03", **typed}
    page = send(root, "/admin/scheduling/patient/add/", **data)
    assert list(problems(page)) == list(typed)
    assert not Patient.objects.filter(family_name="Quill").exists()


@pytest.mark.parametrize("on", ["9999-99-99", "<script>", "1" * 5000])
def test_end_of_a_record_typed_with_a_fist_is_told(
    root: Client, clinic: cast.Clinic, on: str
) -> None:
    record = Record.objects.create(patient=clinic.patient, kind="pregnancy")
    url = f"/admin/scheduling/record/{record.pk}/finish/"
    assert root.post(url, {"on": on}).status_code == 302
    record.refresh_from_db()
    assert record.end_date is None


@pytest.mark.parametrize("typed", ["abc", "25:00", str(BIG), "\u0661"])
@pytest.mark.parametrize(
    ("screen", "picker"), [("todo", "patient"), ("practitioner", "user"), ("patient", "guardian")]
)
def test_picker_that_is_handed_no_id_shows_its_form_again(
    root: Client, screen: str, picker: str, typed: str
) -> None:
    page = send(root, f"/admin/scheduling/{screen}/add/", **{picker: typed})
    assert page.status_code == 200
    assert problems(page)[picker] == [
        "Select a valid choice. That choice is not one of the available choices."
    ]


@pytest.mark.parametrize(
    "where",
    ["scheduling/appointment", "scheduling/todo", "notifications/message", "plans/plan"],
)
def test_a_page_that_is_pasted_into_a_search_is_no_query_of_thousands(
    root: Client, where: str
) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert root.get(f"/admin/{where}/", {"q": "ab " * 900}).status_code == 200
    # Django keeps no text of some, as of those that go in a pipeline
    assert max(len(query["sql"] or "") for query in queries) < 30_000
