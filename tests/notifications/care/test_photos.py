"""Photos beside an answer: drawn anew, sealed, seen by clinicians only, and never in the way."""

from io import BytesIO, StringIO

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageChops, ImageOps

from clinic import groups
from notifications.care import photos
from notifications.models import CareAnswer, CarePhoto
from scheduling.errors import NotFound
from scheduling.models import Change, Site
from tests import cast
from tests.notifications.care import bedside
from tests.notifications.care.test_pages import MORNING, check, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return bedside.clinic()


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    """Draw a picture that names a place in its metadata."""
    out = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "12 Harley Street"
    Image.new("RGB", size, (200, 120, 100)).save(out, kind, exif=exif)
    return out.getvalue()


def of_many_passes() -> bytes:
    """Repeat the last pass over a picture: each costs a few bytes, and the time of the whole area."""
    out = BytesIO()
    Image.new("RGB", (60, 40)).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 600 + whole[-2:]


def send(client: Client, page: str, content: bytes, name: str = "skin.jpg") -> object:
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")
    return client.post(page, {"act": "photo", "photo": file})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_sealed_and_without_metadata(
    client: Client, clinic: cast.Clinic, kind: str, settings: LazySettings
) -> None:
    page = check(client, clinic)
    assert "Add a photo" not in said(client.get(page))
    client.post(page, {"answer": "same"})
    assert "Add a photo" in said(client.get(page))
    response = send(client, page, picture(kind))
    assert response.status_code == 302  # type: ignore[attr-defined]
    kept = CarePhoto.objects.get()
    assert b"JFIF" not in bytes(kept.sealed)
    jpeg = photos.look(photo_id=kept.pk, by=cast.reception(), now=MORNING)
    with Image.open(BytesIO(jpeg)) as opened:
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (60, 40), {})
    assert b"Harley" not in jpeg
    assert "Your photo has arrived." in said(client.get(page))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_whatever_else_its_metadata_hold(orientation: int) -> None:
    """A width that is a text makes Pillow's own turning fail."""
    out, exif = BytesIO(), Image.Exif()
    exif[0x010E], exif[0x0112] = "12 Harley Street", orientation
    shown = Image.new("RGB", (60, 40), "white")
    shown.paste("black", (0, 0, 20, 20))
    shown.save(out, "JPEG", exif=exif)
    sent = out.getvalue()
    broken = sent.replace(b"\x01\x0e\x00\x02", b"\x01\x00\x00\x02")
    assert broken != sent
    with Image.open(BytesIO(sent)) as sound, Image.open(BytesIO(photos.drawn_anew(broken))) as kept:
        upright = ImageOps.exif_transpose(sound)
        assert kept.size == upright.size
        far = ImageChops.difference(kept, upright).getextrema()
    assert max(most for _, most in far) < 40  # drawn anew, so not to the bit


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Choose a photo first"),
        (b"%PDF-1.7 not a picture", "This is not a picture that we can read."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is not a picture that we can read."),
        (picture()[:300], "This is not a picture that we can read."),
        (picture() + b"\0" * photos.LARGEST, "This photo is too large."),
        (picture("PNG", (5_100, 5_000)), "This photo is too large."),
        (picture("PNG", (2, 20_001)), "This photo is too large."),
        (of_many_passes(), "This photo is too large."),
    ],
    ids=[
        "none",
        "pdf",
        "svg",
        "cut-off",
        "too-many-bytes",
        "too-many-pixels",
        "too-long",
        "too-many-passes",
    ],
)
def test_what_is_no_photo_is_said_and_the_answer_stays(
    client: Client, clinic: cast.Clinic, content: bytes, sentence: str
) -> None:
    page = check(client, clinic)
    client.post(page, {"answer": "worse", "words": "It stings"})
    response = send(client, page, content)
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert sentence in said(response)
    assert "Your answer is noted all the same." in said(response)
    assert (CareAnswer.objects.get().said, CarePhoto.objects.count()) == ("It stings", 0)


def test_a_photo_without_an_answer_is_not_taken(client: Client, clinic: cast.Clinic) -> None:
    assert send(client, check(client, clinic), picture()).status_code == 404  # type: ignore[attr-defined]


def test_only_the_page_of_photos_takes_long_bodies(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    client.post(page, {"answer": "same"})
    file = SimpleUploadedFile("skin.jpg", b"\0" * 2**21, content_type="image/jpeg")
    assert client.post("/speak/", {"photo": file}).status_code == 413
    huge = SimpleUploadedFile("skin.jpg", b"\0" * (25 * 2**20), content_type="image/jpeg")
    assert client.post(page, {"act": "photo", "photo": huge}).status_code == 413
    assert CareAnswer.objects.count() == 1


def test_five_photos_are_enough(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    client.post(page, {"answer": "same"})
    sizes = [(60, 40 + n) for n in range(6)]  # the same photo once more is no other one
    answers = [send(client, page, picture(size=size)).status_code for size in sizes]  # type: ignore[attr-defined]
    assert answers == [302] * 5 + [422]


def looked(clinic: cast.Clinic, group: str, photo: CarePhoto, at: Site | None = None) -> object:
    groups.ensure()
    user = cast.staff_user(group, at or clinic.site)
    user.groups.add(Group.objects.get(name=group))
    staff = Client()
    staff.force_login(user)
    assert staff.get(reverse("admin:care_photo", args=[photo.pk])).status_code == 405
    return staff.post(reverse("admin:care_photo", args=[photo.pk]))


def kept(client: Client, clinic: cast.Clinic) -> CarePhoto:
    page = check(client, clinic)
    client.post(page, {"answer": "same"})
    send(client, page, picture())
    return CarePhoto.objects.get()


def test_a_clinician_looks_and_the_trail_keeps_it(client: Client, clinic: cast.Clinic) -> None:
    photo = kept(client, clinic)
    response = looked(clinic, "clinician", photo)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")  # type: ignore[attr-defined,index]
    entry = Change.objects.get(subject="carephoto", verb="look")
    assert (entry.by, entry.subject_id, entry.at) == ("clinician", photo.pk, MORNING)


@pytest.mark.parametrize("group", ["reception", "manager"])
def test_others_do_not_look(client: Client, clinic: cast.Clinic, group: str) -> None:
    assert looked(clinic, group, kept(client, clinic)).status_code == 403  # type: ignore[attr-defined]
    assert not Change.objects.filter(verb="look").exists()


def test_a_clinician_of_another_site_finds_nothing(client: Client, clinic: cast.Clinic) -> None:
    elsewhere = cast.site_named("Quay House")
    photo = kept(client, clinic)
    assert looked(clinic, "clinician", photo, elsewhere).status_code == 404  # type: ignore[attr-defined]


def test_keys_change_without_losing_a_photo(
    client: Client, clinic: cast.Clinic, settings: LazySettings
) -> None:
    settings.PHOTO_KEYS = ["first"]
    photo = kept(client, clinic)
    settings.PHOTO_KEYS = ["second", "first"]
    out = StringIO()
    call_command("reseal_photos", stdout=out)
    assert out.getvalue() == "1 photos sealed with the newest key\n"
    settings.PHOTO_KEYS = ["second"]
    assert photos.look(photo_id=photo.pk, by=cast.reception(), now=MORNING)[:2] == b"\xff\xd8"
    settings.PHOTO_KEYS = ["first"]
    with pytest.raises(NotFound, match="No key"):
        photos.look(photo_id=photo.pk, by=cast.reception(), now=MORNING)
