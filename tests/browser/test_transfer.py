"""A manager hands a file in, reads the verdicts, writes it, and joins two records of one person."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from scheduling import access
from scheduling.models import Patient
from tests import cast
from tests.browser.desk import employed, signed_in
from tests.browser.looking import AXE, TAGS

PEOPLE = b"external_id,given_name,family_name,birth_date\nP1,Ada,Pine,1985-04-12\nP2,,Elm,\n"
BUSY = "serious", "critical"


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer, transactional_db: None) -> Page:
    """Sign a manager in at a desk."""
    cast.build()
    access.ensure_groups()
    return signed_in(browser, live_server.url, employed("manager")).new_page()


def grave(page: Page) -> list[str]:
    """Run axe over what this part draws; the frame around it is the admin's own."""
    page.evaluate(AXE)
    found = page.evaluate(
        "tags => axe.run('main.desk', {runOnly: {type: 'tag', values: tags}})", TAGS
    )
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in found["violations"]
        if each["impact"] in BUSY
    ]


def test_a_file_is_taken_in_two_records_are_joined_and_all_leaves(desk: Page) -> None:
    found = taken_in(desk) + joined(desk)
    assert Patient.objects.count() == 1
    with desk.expect_download() as download:
        desk.goto("/admin/scheduling/intake/everything/")
        desk.get_by_role("button", name="Take everything along").click()
    assert download.value.path().stat().st_size > 0
    assert download.value.suggested_filename == "clinic-2027-01-04.zip"
    assert found == []


def taken_in(desk: Page) -> list[str]:
    """Hand a file in, read its verdicts, and write it."""
    found = []
    desk.goto("/admin/scheduling/intake/hand-in/")
    found += grave(desk)
    desk.get_by_label("File", exact=True).set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE}
    )
    expect(desk.get_by_label("Name of the other system")).to_have_value("")  # not the file's name
    desk.get_by_label("It holds").select_option("patients")
    desk.get_by_label("Name of the other system").fill("old")
    desk.get_by_role("button", name="Look at the file").click()
    expect(desk.get_by_role("row", name="3 P2 refused given_name: this is empty.")).to_be_visible()
    found += grave(desk)
    assert Patient.objects.count() == 1
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Download the 1 refused row (CSV)").click()
    assert b'"given_name: this is empty."' in download.value.path().read_bytes()
    desk.get_by_label("Leave out the 1 refused").check()
    desk.get_by_role("button", name="Write 1 row").click()
    expect(desk.get_by_role("heading", name="Written")).to_be_visible()
    return found


def joined(desk: Page) -> list[str]:
    """Find the patient twice, see what joining does, and join."""
    desk.goto("/admin/scheduling/intake/likely/")
    found = grave(desk)
    desk.get_by_role("button", name="are not the same person").click()
    expect(desk.get_by_role("heading", name="Said to be two people")).to_be_visible()
    found += grave(desk)
    desk.get_by_role("button", name="Take back that").click()
    desk.get_by_role("link", name="Look at joining Ada Pine").click()
    desk.get_by_role("button", name="See what joining them does").click()
    found += grave(desk)
    desk.get_by_role("button", name="Join them").click()
    expect(desk.get_by_text("Ada Pine is one record now.")).to_be_visible()
    return found
