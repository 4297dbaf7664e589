import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from scheduling.models import Change
from tests import cast
from tests.cast import NOW


@pytest.fixture
def entry(clinic: cast.Clinic) -> Change:
    return Change.objects.create(
        at=NOW,
        by="Sam Keeper",
        verb="change",
        subject="site",
        subject_id=clinic.site.pk,
        what={"name": ["Old <b>", "New"], "note": []},
    )


def test_entry_is_read_in_full_and_escaped(entry: Change) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="a-long-password"))
    page = root.get(reverse("admin:scheduling_change_change", args=[entry.pk])).content.decode()
    assert "Old &lt;b&gt; → New" in page
    assert "<b>note</b> changed" in page


def test_not_even_a_superuser_writes_or_deletes_an_entry(entry: Change) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="a-long-password"))
    change, delete = (
        reverse(f"admin:scheduling_change_{page}", args=[entry.pk]) for page in ("change", "delete")
    )
    assert root.post(change, {"by": "nobody"}).status_code == 403
    assert root.post(delete, {"post": "yes"}).status_code == 403
    assert root.get(reverse("admin:scheduling_change_add")).status_code == 403
    assert Change.objects.get().by == "Sam Keeper"
