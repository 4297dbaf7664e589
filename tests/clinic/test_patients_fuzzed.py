"""Nonsense sent to every route of the patients' pages by who may come in: answered, never a fault."""

from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling import limits
from tests import cast, neighbours
from tests.clinic.test_patients_doors import TABLE, asked, code_of, owner_of
from tests.neighbours import Street

pytestmark = pytest.mark.django_db

NASTY = (
    "",
    "0",
    "-1",
    "1",
    "9" * 30,
    "9" * 5000,
    "2147483648",
    "٣١",
    "²",
    "1e9",
    "31",
    "2027-02-30",
    "9999-12-31",
    "yes",
    "no",
    "sms",
    "ar",
    "confirm",
    "again",
    "new",
    "book",
    "\u202eabc\u2066",
    "👩‍🚀",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe",
    "<script>alert(1)</script>",
    "{name}",
    "%(x)s",
    "../../admin/",
    "//evil.example/",
    "x" * 70_000,
    "a@b.example",
    "+447700900123",
)
"""Figures, dates, words and bytes that no form of ours sends, and some that they do."""

MORE = """day month year words name agree text none at of kept note size areas agreed act code
    guardian_given guardian_family mine email wish"""
FIELDS = sorted({name for row in TABLE.values() for name in row.act} | set(MORE.split()))
QUERIES = ("week", "done", "saved", "next", "day")

values = st.sampled_from(NASTY) | st.text(max_size=8).map(lambda said: said.replace("\0", ""))
forms = st.dictionaries(
    st.sampled_from(FIELDS), st.lists(values, min_size=1, max_size=2), max_size=9
)
queries = st.dictionaries(st.sampled_from(QUERIES), st.text(max_size=12), max_size=1)


@pytest.fixture
def street() -> Any:
    limits.ask_again()
    with time_machine.travel(cast.NOW, tick=False):
        yield neighbours.built()


def test_nonsense_is_answered_and_is_no_fault_of_ours(street: Street) -> None:
    street.tokens["stop"] = neighbours.stop_token(street)
    papers = neighbours.with_papers(street)
    routes = sorted(TABLE)
    clients: dict[str, Client] = {
        route: code_of(None, "+447700900177")
        if TABLE[route].opens == "new"
        else owner_of(TABLE[route], street)
        for route in routes
    }

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(route=st.sampled_from(routes), form=forms, query=queries, by_get=st.booleans())
    def ask(route: str, form: dict[str, Any], query: dict[str, str], by_get: bool) -> None:  # noqa: FBT001
        path = asked(route, TABLE[route], street, papers).path
        client = clients[route]
        with transaction.atomic():
            if by_get:
                response = client.get(path, query)
            else:
                response = client.post(path, form, query_params=query)
            transaction.set_rollback(True)
        assert response.status_code < 500, (route, form, query)

    ask()
