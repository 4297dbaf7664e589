"""Photos that patients add to an answer: read, drawn anew, sealed, and looked at by clinicians.

What a phone sends is never kept: the picture is decoded and written anew, which leaves place, time
and whatever hid in the file behind. The JPEG is sealed with Fernet (AES-128-CBC and HMAC-SHA256)
under keys derived from `PHOTO_KEYS`; the first one seals, all of them open.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from PIL import ExifTags, Image

from notifications.models import CareAnswer, CarePhoto
from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, NotFound
from scheduling.integrity import lock_patient

LARGEST = 10 * 1024 * 1024
"""Bytes of a photo as it is sent."""

MOST_PIXELS = 60_000_000
"""Pixels above which a picture is not decoded: a small file may unfold into gigabytes."""

MOST_UNPACKED = 25_000_000
"""The same for kinds that are decoded at their full size, four bytes a pixel and more than once;
a JPEG is decoded at a half to an eighth of its own."""

LONGEST_SENT = 20_000
"""Pixels of the longer side of what is sent; a panorama has 16,000."""

MOST_SCANS = 500
"""Passes over a JPEG, each of which costs the time of its whole area and may take 90 bytes: a camera
makes one, the web about ten, and what else hides in ten megabytes looks like 160 of them."""

LONGEST_SIDE = 2000
"""Pixels of the longer side of what is kept: enough to judge skin, a tenth of the bytes."""

MOST = 5
"""Photos beside one answer."""

_TURNS: Mapping[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the orientation that it names (EXIF 2.32, tag 0x0112)."""

KINDS = ("JPEG", "PNG", "WEBP")
QUALITY = 85

_SCAN = b"\xff\xda"
"""How each pass over a JPEG begins (ITU-T T.81, SOS); no data of its own look so."""


class BadPhoto(ClinicError):
    """What was sent is no photo that can be kept; `which` is the key of the sentence why."""

    code = "bad_photo"


@transaction.atomic
def keep(*, appointment_id: int, sent: bytes, by: Actor, now: datetime) -> CarePhoto:
    """Keep a photo beside the newest answer about a visit of the actor's; sent twice, it is one.

    Raises:
        NotFound: there is no answer of this patient's to keep it with.
        BadPhoto: it is empty, too large, no picture, or one too many.

    """
    jpeg = drawn_anew(sent)
    lock_patient(by.patient_id)
    answer = CareAnswer.objects.filter(
        appointment_id=appointment_id, appointment__patient_id=by.patient_id or 0
    ).first()
    if answer is None:
        raise NotFound
    kept, safe = list(answer.photos.order_by("pk")), _safe()
    twice = next((each for each in kept if _opened(safe, each) == jpeg), None)
    if twice is not None:
        return twice
    if len(kept) >= MOST:
        raise BadPhoto("Enough photos.", which="photo_many")
    photo = CarePhoto.objects.create(answer=answer, sealed=safe.encrypt(jpeg), at=now)
    trail.write([trail.entry(subject=photo, verb="add", by=by, now=now)])
    return photo


def drawn_anew(sent: bytes) -> bytes:
    """Decode a picture by what it is, not by what it is called, and write it as plain JPEG.

    Raises:
        BadPhoto: it is empty, too large, or no picture of a known kind.

    """
    if not sent:
        raise BadPhoto("No photo.", which="photo_none")
    if len(sent) > LARGEST or sent.count(_SCAN) > MOST_SCANS:
        raise BadPhoto("Too large.", which="photo_large")
    try:
        with Image.open(BytesIO(sent), formats=KINDS) as picture:
            upright = _small(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadPhoto("No picture.", which="photo_kind") from error
    except Image.DecompressionBombWarning as error:
        raise BadPhoto("Too large.", which="photo_large") from error
    # a fresh picture: nothing of the old one's `info` is written
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    out = BytesIO()
    plain.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _small(picture: Image.Image) -> Image.Image:
    """Decode a picture upright and no larger than it is kept; made small first, and turned then.

    Raises:
        BadPhoto: it would take too much memory.

    """
    most = MOST_UNPACKED if picture.format in {"PNG", "WEBP"} else MOST_PIXELS
    if picture.width * picture.height > most or max(picture.size) > LONGEST_SENT:
        raise BadPhoto("Too large.", which="photo_large")
    side = (LONGEST_SIDE, LONGEST_SIDE)
    picture.draft("RGB", side)
    picture.thumbnail(side)
    return _upright(picture).convert("RGB")


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its camera was held; only this one tag is read, whatever the others hold."""
    turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation))
    return picture if turn is None else picture.transpose(turn)


@transaction.atomic
def look(*, photo_id: int, by: Actor, now: datetime) -> bytes:
    """Open a photo for somebody who works at its site, and note that they looked.

    Raises:
        NotFound: there is none, it belongs to another site, or no key opens it.

    """
    photo = CarePhoto.objects.select_related("answer__appointment").filter(pk=photo_id).first()
    if photo is None or not by.works_at(photo.answer.appointment.site_id):
        raise NotFound
    jpeg = _opened(_safe(), photo)
    if jpeg is None:
        raise NotFound("No key of FALLOW_PHOTO_KEYS opens this photo.")
    trail.write([trail.entry(subject=photo, verb="look", by=by, now=now)])
    return jpeg


def reseal() -> int:
    """Seal every photo with the newest key, so that older keys can go; answer how many."""
    safe = _safe()
    done = 0
    for pk in CarePhoto.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            photo = CarePhoto.objects.select_for_update().get(pk=pk)
            photo.sealed = safe.rotate(bytes(photo.sealed))
            photo.save(update_fields=["sealed"])
        done += 1
    return done


def _opened(safe: MultiFernet, photo: CarePhoto) -> bytes | None:
    try:
        return safe.decrypt(bytes(photo.sealed))
    except InvalidToken:
        return None


def _safe() -> MultiFernet:
    keys = [key for key in settings.PHOTO_KEYS if key]
    if not keys:
        raise ImproperlyConfigured("Photos need SECRET_KEY or FALLOW_PHOTO_KEYS.")
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"fallow: photos of patients")
    return base64.urlsafe_b64encode(derive.derive(key.encode()))
