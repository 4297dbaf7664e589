"""The screens of a move: looked at, written, joined, taken along; and who may."""

import io
import re
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from scheduling import access
from scheduling.models import Change, Intake, Patient, Staff, TwoPeople
from scheduling.transfer import intakes, kinds
from tests import cast
from tests.scheduling.admin.conftest import SignIn

PEOPLE = "external_id,given_name,family_name,birth_date\nP1,Ada,Stone,1985-04-12\nP2,,Elm,\n"


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    """Sign a manager in who works everywhere."""
    client = sign_in("manager")
    Staff.objects.filter(user__username="manager").update(everywhere=True)
    return client


def url(name: str, *args: object) -> str:
    """Spell the address of a screen."""
    return reverse(f"admin:scheduling_intake_{name}", args=args)


def hand_in(client: Client, text: str = PEOPLE, kind: str = "patients") -> Intake:
    """Hand a file in and answer it as it was looked at."""
    file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
    answer = client.post(url("hand_in"), {"file": file, "kind": kind, "source": "old"})
    assert answer.status_code == 302, answer.content.decode()
    return Intake.objects.get()


def test_a_file_is_looked_at_shown_and_written_once(manager: Client) -> None:
    intake = hand_in(manager)
    page = manager.get(url("change", intake.pk)).content.decode()
    assert "given_name: this is empty." in page
    assert "Leave out the 1 refused" in page
    said = {"step": "write", "sha256": intake.sha256, "seen": intake.seen}
    manager.post(url("change", intake.pk), said)
    assert not Patient.objects.filter(family_name="Stone").exists()  # not said to be left out
    manager.post(url("change", intake.pk), {**said, "leave_out": "yes"})
    assert Patient.objects.filter(family_name="Stone").count() == 1
    assert Change.objects.filter(subject="intake", verb="take_in").count() == 1
    again = manager.post(url("change", intake.pk), {"step": "look"}, follow=True)
    assert "This file was written before." in again.text


THEIRS = "Kundennummer;Vorname;Surname;DOB;Kartenfarbe\nP1;Ada;Stone;1985-04-12;rot\n"


def test_columns_that_have_other_names_are_proposed_said_once_and_kept(manager: Client) -> None:
    def handed(text: str, called: str = "", source: str = "old") -> HttpResponse:
        file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
        said = {"file": file, "kind": "patients", "source": source, "called": called}
        answer: HttpResponse = manager.post(url("hand_in"), said)
        return answer

    refused = handed(THEIRS)
    assert (refused.status_code, Intake.objects.count()) == (422, 0)
    proposed = refused.context["form"]["called"].value()
    assert proposed.splitlines() == [
        "kundennummer = external_id",
        "vorname = given_name",
        "surname = family_name",
        "dob = birth_date",
        "kartenfarbe = -",
    ]
    assert proposed in refused.content.decode()
    shown = manager.get(handed(THEIRS, proposed)["Location"]).content.decode()
    assert "“kartenfarbe” is left out" in shown
    assert Intake.objects.get().counts == {"new": 1}
    assert handed(THEIRS.replace("P1", "P2")).status_code == 302  # the last file's names stand
    assert handed(THEIRS, source="another").status_code == 422  # where it may mean something else
    answer = handed(THEIRS.replace("DOB", "Born"))
    assert answer.context["form"]["called"].value() == "born = -"


def test_nothing_is_proposed_for_a_file_that_holds_something_else(manager: Client) -> None:
    file = SimpleUploadedFile("people.csv", THEIRS.encode(), "text/csv")
    answer = manager.post(url("hand_in"), {"file": file, "kind": "skills", "source": "old"})
    assert answer.context["form"]["called"].value() is None
    assert "none of the columns that are expected" in answer.content.decode()


def test_names_that_make_no_sense_are_said_beside_them(manager: Client) -> None:
    for called, sentence in [
        ("Vorname", "Line 1 of the names: write"),
        ("a = given_name\n\nA = phone", "Line 3 of the names says “A” once more"),
        ("a = colour", "No column here is called “colour”"),
        ("vorname = given_name\nsurname = given_name", "names “given_name” twice"),
    ]:
        file = SimpleUploadedFile("people.csv", THEIRS.encode(), "text/csv")
        said = {"file": file, "kind": "patients", "source": "old", "called": called}
        answer = manager.post(url("hand_in"), said)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert called.splitlines()[0] in answer.content.decode()


def test_a_file_of_ten_megabytes_is_taken_and_a_larger_one_is_told_how_to_come(
    manager: Client,
) -> None:
    """The rest of the house takes a body of 1 MiB."""
    nothing = " " * 19_000 + "\n"
    assert hand_in(manager, PEOPLE + nothing * 500).counts == {"new": 1, "refused": 1}
    file = SimpleUploadedFile("people.csv", b"x" * (10 * 2**20 + 1), "text/csv")
    said = {"file": file, "kind": "patients", "source": "old"}
    assert "Cut it into several files." in manager.post(url("hand_in"), said).text


def test_what_cannot_be_read_is_said_beside_the_file(manager: Client) -> None:
    file = SimpleUploadedFile("x.csv", b"a\0b", "text/csv")
    answer = manager.post(url("hand_in"), {"file": file, "kind": "patients", "source": "old"})
    assert answer.status_code == 422
    assert "Line 1 holds a NUL byte" in answer.content.decode()
    assert Intake.objects.count() == 0


def test_a_file_is_looked_at_again_and_thrown_away(manager: Client) -> None:
    intake = hand_in(manager)
    manager.post(url("change", intake.pk), {"step": "look"})
    assert Intake.objects.get().seen == intake.seen
    manager.post(url("change", intake.pk), {"step": "discard"})
    assert Intake.objects.count() == 0


def test_refused_rows_are_downloaded_by_a_press_and_noted(manager: Client) -> None:
    intake = hand_in(manager)
    assert (
        "Download the 1 refused row (CSV)" in manager.get(url("change", intake.pk)).content.decode()
    )
    answer = manager.post(url("change", intake.pk), {"step": "verdicts", "verdict": "refused"})
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    assert content.splitlines()[1:] == [
        '"3","refused","given_name: this is empty.","P2","","Elm",""'
    ]
    assert answer["Content-Disposition"].endswith(f'"patients-{intake.pk}-refused.csv"')
    assert Change.objects.get(verb="take_verdicts").by == "manager"
    assert (
        manager.post(url("change", intake.pk), {"step": "verdicts", "verdict": "x"}).status_code
        == 404
    )


def test_hours_are_handed_in_to_replace_from_a_date(manager: Client) -> None:
    cast.site_named("Park Row")
    file = SimpleUploadedFile("h.csv", b"site,weekday,opens,closes\nPark Row,monday,10:00,12:00\n")
    said = {"file": file, "kind": "hours", "source": "old", "since": "2999-01-01"}
    assert manager.post(url("hand_in"), said).status_code == 422
    file.seek(0)
    assert manager.post(url("hand_in"), {**said, "since": "2099-01-01"}).status_code == 302
    page = manager.get(url("change", Intake.objects.get().pk)).content.decode()
    assert "From 1 Jan 2099 on" in page
    assert "Ends on 31 Dec 2098: monday 09:00–18:00; tuesday" in page


def test_a_large_file_waits_for_a_worker(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intakes, "AT_ONCE", 1)
    intake = hand_in(manager)
    assert (intake.state, intakes.progress(intake.pk)) == ("received", (0, 0))
    from scheduling import tasks

    tasks.look_over_file(intake.pk, "Mo", None)
    intake.refresh_from_db()
    assert (intake.state, intakes.progress(intake.pk)) == ("checked", (2, 2))
    tasks.write_file(intake.pk, (intake.sha256, "other", 1), "Mo", None)
    intake.refresh_from_db()
    assert intake.sentence.startswith("The clinic's data have changed")
    tasks.write_file(intake.pk, (intake.sha256, intake.seen, 1), "Mo", None)
    intake.refresh_from_db()
    assert (intake.state, intake.sentence) == ("written", "")


@pytest.mark.parametrize("kind", [kind.code for kind in kinds.every()])
def test_every_template_is_a_file_that_can_be_handed_in(manager: Client, kind: str) -> None:
    answer = manager.get(url("template", kind))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    handed = intakes.Handed(name="t.csv", content=answer.content, kind=kind, source="old")
    assert intakes.receive(handed=handed, by=cast.reception(), now=cast.NOW).kind == kind


def test_two_records_are_joined_as_shown(manager: Client, clinic: cast.Clinic) -> None:
    twin = cast.patient("Ada", "Pine", phone="+447700900999")
    likely = manager.get(url("likely")).content.decode()
    assert "same name and birth date" in likely
    said = {"stays": clinic.patient.pk, "goes": twin.pk, "take_phone": "goes"}
    shown = manager.post(url("merge"), {**said, "step": "look"}).content.decode()
    assert Patient.objects.filter(pk=twin.pk).exists()
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.partition('value="join"')[2]))
    stale = {**said, **hidden, "seen": "other", "step": "join"}
    assert "look again" in manager.post(url("merge"), stale).content.decode()
    manager.post(url("merge"), {**said, **hidden, "step": "join"})
    clinic.patient.refresh_from_db()
    assert str(clinic.patient.phone) == "+447700900999"
    assert not Patient.objects.filter(pk=twin.pk).exists()


def test_two_are_told_apart_shown_and_taken_back(manager: Client, clinic: cast.Clinic) -> None:
    twin = cast.patient("Ada", "Pine", phone="+447700900999")
    said = {"step": "apart", "one": clinic.patient.pk, "two": twin.pk}
    manager.post(url("likely"), said)
    page = manager.get(url("likely")).content.decode()
    assert "Nobody looks like another." in page
    assert "Said to be two people" in page
    pair = TwoPeople.objects.get()
    history = reverse("admin:scheduling_patient_history", args=[twin.pk])
    assert "not_same_person" in manager.get(history).content.decode()
    assert manager.post(url("likely"), {"step": "other"}).status_code == 404
    manager.post(url("likely"), {"step": "back", "pair": pair.pk})
    assert "same name and birth date" in manager.get(url("likely")).content.decode()


def test_everything_is_streamed_and_noted(manager: Client) -> None:
    assert manager.get(url("everything")).status_code == 200
    assert Change.objects.filter(verb="export_clinic").count() == 0
    answer = manager.post(url("everything"))
    archive = ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[arg-type]
    assert archive.testzip() is None
    assert "move/20-patients.csv" in archive.namelist()
    assert Change.objects.filter(verb="export_clinic").count() == 1


def test_a_filtered_list_is_given_without_formulas(manager: Client) -> None:
    cast.patient("=1+1", "Ash")
    answer = manager.post(
        "/admin/scheduling/patient/export/?q=ash", {"format": "0", "resource": "0"}
    )
    assert '"\'=1+1"' in answer.content.decode()
    assert "Pine" not in answer.content.decode()
    assert Change.objects.get(verb="export_list").what["rows"] == [None, 1]


SCREENS = ("hand_in", "everything", "likely", "changelist")


@pytest.mark.parametrize("group", ["reception", "clinician", "medical lead", "manager"])
def test_only_a_manager_of_the_whole_clinic_moves_data(
    clinic: cast.Clinic, sign_in: SignIn, group: str
) -> None:
    client = sign_in(group)  # at one site
    intake = Intake.objects.create(
        kind="patients", source="old", name="x", sha256="", content=b"", created_at=cast.NOW
    )
    asked = [client.get(url(name)).status_code for name in SCREENS]
    asked += [client.post(url("everything")).status_code]
    asked += [client.post(url("change", intake.pk), {"step": "discard"}).status_code]
    asked += [client.get(url("template", "patients")).status_code]
    asked += [client.post(url("likely"), {"step": "back", "pair": 1}).status_code]
    asked += [client.get("/admin/scheduling/patient/export/").status_code]
    twin = cast.patient("Ada", "Pine")
    joining = {"stays": clinic.patient.pk, "goes": twin.pk}
    asked += [client.post(url("merge"), {**joining, "step": "look"}).status_code]
    assert set(asked) <= {403, 404}
    assert Intake.objects.count() == 1
    assert access.PERMISSIONS["manager"] >= {"scheduling.move_data"}
