"""Facts and wording made into a message that can leave."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import cache, lru_cache
from html import escape
from importlib.resources import files
from logging import getLogger
from zoneinfo import ZoneInfo

import phonenumbers
from django.conf import settings

from notifications import invitations, unsubscribing
from notifications.core import bundles, codes, itinerary, sms
from notifications.core.letters import Facts, Letter, Told
from notifications.core.policy import ANSWERS, TO_STAFF, Channel, Kind
from notifications.core.wording import BRIEF, BRIEFEST, BadWording, Wording, worded
from notifications.models import MessageText
from notifications.providers import Attachment, Outgoing
from scheduling import links
from scheduling.core import languages
from scheduling.core.dates import spoken
from scheduling.models import Link

log = getLogger(__name__)

DEFAULT_LANGUAGE = "en"
LANGUAGES = ("en", "es", "ar")

_OUR_PAGE = re.compile(rf"{re.escape(settings.PUBLIC_URL)}/{links.PATH}[\w-]+/")
"""The address of a visit's page, in a list of visits."""

_EMPTY = re.compile(r"<p[^>]*>\s*</p>\n?")
"""What a blank without a value leaves of its paragraph."""

CARE_LINK = timedelta(days=60)
"""How long a link to advice lives: as long as darkening of the skin is watched for (21-60 days)."""

_WITH_LINES = frozenset({"visits", "note", "answer"})
"""Blanks whose value has several lines."""

Key = tuple[Kind, Channel, str]
"""What decides which text is used: kind, channel, language."""


@dataclass(frozen=True, slots=True)
class Words:
    """Every wording in force, read once for a batch."""

    edited: Mapping[Key, Wording]

    def of(self, kind: Kind, channel: Channel, language: str) -> Wording:
        """Find the clinic's own wording, else the shipped one, else the shipped English."""
        key = (kind, channel, _known(language))
        return self.edited.get(key) or _shipped_wording(*key)


def _known(language: str) -> str:
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


def words() -> Words:
    """Read the clinic's own wordings."""
    own = MessageText.objects.exclude(body="")
    rows = own.values_list("kind", "channel", "language", "subject", "body")
    edited = {}
    for kind, channel, language, subject, body in rows:
        try:
            edited[Kind(kind), Channel(channel), language] = worded(subject=subject, body=body)
        except BadWording:
            # kept by an earlier release; the shipped text tells the patient as well
            log.warning("the text for %s by %s in %s cannot be used", kind, channel, language)
    return Words(edited)


@cache
def shipped(kind: Kind, channel: Channel, language: str) -> tuple[str, str]:
    """Read the subject and body that come with Fallow; an SMS has an empty subject."""
    path = files("notifications").joinpath("data", language, f"{kind}.{channel}.txt")
    text = path.read_text("utf-8").strip()
    if channel is Channel.SMS:
        return "", text
    subject, _, body = text.partition("\n")
    return subject.strip(), body.strip()


@cache
def _shipped_wording(kind: Kind, channel: Channel, language: str) -> Wording:
    subject, body = shipped(kind, channel, language)
    return worded(subject=subject, body=body)


def write(letter: Letter, *, wording: Wording, link: str, at: datetime) -> Outgoing:
    """Fill in one message. `link` is the whole address of the visit's page; `at` is now, UTC."""
    if letter.parts:
        first = letter.parts[0]
        letter, link = replace(letter, facts=first.facts), first.link
    if letter.channel is Channel.SMS:
        return _sms(letter, wording, link, at)
    facts = letter.facts
    values = _values(letter, link, at)
    organiser = organiser_of(facts.sender)
    # what is the clinic's own to read is nothing that a reader may stop
    way_out = "" if letter.kind in TO_STAFF else unsubscribing.way_out(letter.ref)
    return Outgoing(
        ref=letter.ref,
        kind=letter.kind,
        channel=letter.channel,
        to=facts.address,
        subject=languages.bare(_one_line(wording.subject.fill(values))),
        text=_tidy(wording.body.fill(values)) + _foot(way_out, facts.language),
        html=page(wording, values, facts.language, way_out=way_out),
        calendar=invitations.written(facts=facts, kind=letter.kind, organiser=organiser, at=at),
        calendar_method=invitations.method_of(letter.kind),
        attachments=[_entry(visit, organiser, at) for visit in letter.visits],
        sender=facts.sender,
        sender_name=facts.clinic,
        headers=_headers(letter, way_out),
        at=at,
        not_after=letter.arrives_by,
    )


def _headers(letter: Letter, way_out: str) -> dict[str, str]:
    answers = {"Reply-To": letter.facts.clinic_email} if letter.facts.clinic_email else {}
    stops = unsubscribing.headers(way_out) if way_out else {}
    return answers | _thread(letter) | stops


def _thread(letter: Letter) -> dict[str, str]:
    """Hang an answer below the e-mail that it answers (RFC 5322, 3.6.4)."""
    named = letter.answers_to
    return {"In-Reply-To": named, "References": named} if _MESSAGE_ID.fullmatch(named) else {}


_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
"""A Message-ID as mail programs make them: printable ASCII without blanks, between < and >."""


def _foot(way_out: str, language: str) -> str:
    """Put the way out below a text, behind the line that ends a letter (RFC 3676, 4.3)."""
    return f"\n\n-- \n{unsubscribing.foot(language)}: {way_out}\n" if way_out else "\n"


def _entry(visit: Told, organiser: str, at: datetime) -> Attachment:
    """Write one of several visits' calendar entries: a REQUEST has one UID (RFC 5546, 3.2.2)."""
    kind = Kind.CANCELLED if visit.off else Kind.BOOKED
    local = visit.facts.be_there.astimezone(ZoneInfo(visit.facts.zone))
    return Attachment(
        name=f"visit-{local:%Y-%m-%d-%H%M}.ics",
        text=invitations.written(facts=visit.facts, kind=kind, organiser=organiser, at=at),
        method=invitations.method_of(kind),
    )


def _sms(letter: Letter, wording: Wording, link: str, at: datetime) -> Outgoing:
    values = _values(letter, link, at)
    return Outgoing(
        ref=letter.ref,
        kind=letter.kind,
        channel=letter.channel,
        to=letter.facts.address,
        text=_short_enough(letter, wording, values),
        sender=letter.facts.sender,
        at=at,
        not_after=letter.arrives_by,
    )


def _values(letter: Letter, link: str, at: datetime) -> dict[str, str]:
    values = blanks(letter.facts, letter.channel, link) | {"note": letter.advice or ""}
    if letter.offered:
        return values | {"answer_by": answer_by(letter.facts, letter.offered.answer_by, at)}
    if letter.kind in ANSWERS:
        return values | {"answer": _answer(letter, values)}
    if letter.parts:
        return values | bundles.blanks(letter.parts)
    return values | itinerary.blanks(letter.visits) if letter.visits else values


def _short_enough(letter: Letter, wording: Wording, values: Mapping[str, str]) -> str:
    """Say it within the clinic's limit of segments, in fewer words where real names are long."""
    said = short_text(wording, values)
    if sms.measure(said).segments <= settings.SMS_SEGMENTS:
        return said
    shorter = [said, *(short_text(form, values) for form in _fewer_words(letter))]
    fits = (t for t in shorter if sms.measure(t).segments <= settings.SMS_SEGMENTS)
    return next(fits, min(shorter, key=lambda t: sms.measure(t).units))


def _fewer_words(letter: Letter) -> Iterator[Wording]:
    kind, language = letter.worded_as, letter.facts.language
    yield _shipped_wording(kind, letter.channel, _known(language))
    if kind is Kind.ALL_OFF:
        yield worded(subject="", body=itinerary.words(language)["all_off"])
    elif kind is not Kind.CANCELLED:
        yield worded(subject="", body=BRIEF.get(kind, BRIEFEST))


def short_text(wording: Wording, values: Mapping[str, str]) -> str:
    """Fill in a short message, typography made plain."""
    return sms.plain(_one_line(wording.body.fill(values)))[0]


def blanks(facts: Facts, channel: Channel, link: str) -> dict[str, str]:
    """Give each blank its value, as plain text in the reader's language."""
    when = spoken(
        at=facts.be_there,
        zone=facts.zone,
        language=facts.language,
        country=facts.country,
        home=facts.patient_zone,
    )
    code = codes.code_of(facts.appointment_id, key=settings.SECRET_KEY)
    said = {
        "clinic": facts.clinic,
        "name": facts.name,
        "date": when.date,
        "short_date": when.short_date,
        "time": when.time,
        "address": ", ".join(facts.clinic_address.splitlines()),
        "phone": facts.clinic_phone,
        "link": link,
        "book": f"{settings.PUBLIC_URL}/my/book/",
        "code": code,
        "reply": sentences(facts.language)["how"].format(code=code) if facts.takes_replies else "",
    }
    return said | _in_order(said, channel, facts.language)


def answer_by(facts: Facts, until: datetime, at: datetime) -> str:
    """Say until when an answer is waited for, by the site's clock; with the day where it is another."""
    said, now = (
        spoken(at=t, zone=facts.zone, language=facts.language, country=facts.country)
        for t in (until, at)
    )
    same_day = said.short_date == now.short_date
    return said.time if same_day else f"{said.short_date}, {said.time}"


def _in_order(said: Mapping[str, str], channel: Channel, language: str) -> dict[str, str]:
    """Spell the telephone, and keep what is foreign in order in a text from right to left."""
    phone = said["phone"]
    if channel is Channel.SMS:
        rtl = phone and language in languages.RIGHT_TO_LEFT
        return {"phone": languages.LEFT_TO_RIGHT_MARK + phone if rtl else phone}
    kept = {n: languages.isolated(said[n], language) for n in ("clinic", "name", "address")}
    return kept | {"phone": languages.number(_readable(phone), language)}


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Read the shipped sentences with which texts are answered, in a language, else in English."""
    text = files("notifications").joinpath("data", "answers.json").read_text("utf-8")
    every: Mapping[str, Mapping[str, str]] = json.loads(text)
    return every.get(language, every[DEFAULT_LANGUAGE])


def _answer(letter: Letter, values: Mapping[str, str]) -> str:
    """Give reception's words as they are, or the shipped sentence of that key, filled in."""
    if letter.kind is Kind.ANSWER:
        return letter.said
    return sentences(letter.facts.language)[letter.said].format(**values)


def page(wording: Wording, values: Mapping[str, str], language: str, *, way_out: str = "") -> str:
    """Write the e-mail as a small HTML page that needs nothing from anywhere.

    An answer to something that the person just did has no way out of it.
    """
    escaped = {name: escape(values[name]) for name in wording.html.names}
    if "visits" in escaped:
        escaped["visits"] = _OUR_PAGE.sub(r'<a href="\g<0>">\g<0></a>', escaped["visits"])
    for name in _WITH_LINES & escaped.keys():
        escaped[name] = escaped[name].replace("\n", "<br>\n")
    filled = wording.html.fill(escaped)
    direction = languages.direction(language)
    return _PAGE.format(
        language=language,
        direction=direction,
        side="right" if direction == "rtl" else "left",
        content=_EMPTY.sub("", filled.replace("<br>\n</p>", "</p>")),
        foot=_way_out(way_out, language) if way_out else "",
    )


def _way_out(where: str, language: str) -> str:
    foot = unsubscribing.foot(language)
    return f'<footer><a href="{escape(where)}">{foot}</a></footer>\n'


def opened_by(letter: Letter, now: datetime) -> links.Visit:
    """Say what the link of a message opens, and until when."""
    purpose = _PURPOSES.get(letter.kind, Link.Purpose.VISIT)
    if letter.offered:
        return links.Visit(
            appointment_id=None,
            offer_id=letter.offered.id,
            patient_id=letter.patient_id,
            told_version=0,
            end=letter.offered.answer_by,
            purpose=purpose,
        )
    return links.Visit(
        appointment_id=letter.facts.appointment_id,
        patient_id=letter.patient_id,
        told_version=letter.facts.told_version,
        end=letter.facts.end,
        purpose=purpose,
        # advice before a visit closes with it; what comes after is asked for longer
        expires_at=now + CARE_LINK if letter.kind in _AFTERWARDS else None,
    )


_PURPOSES = {
    Kind.CARE: Link.Purpose.CARE,
    Kind.AFTERCARE: Link.Purpose.CARE,
    Kind.RECALL: Link.Purpose.RECALL,
    Kind.OFFER: Link.Purpose.OFFER,
}
_AFTERWARDS = frozenset({Kind.AFTERCARE, Kind.RECALL})


def link_of(letter: Letter, token: str) -> str:
    """Spell the address of the page that a message opens."""
    if letter.offered:
        return link_to(token, links.OFFER_PATH)
    return link_to(token, links.CARE_PATH if letter.kind in _PURPOSES else links.PATH)


def link_to(token: str, page: str = links.PATH) -> str:
    """Spell the address of a page behind a token: a visit's, unless another is named."""
    # not `reverse`: it would load every screen of the house into each sender
    return f"{settings.PUBLIC_URL}/{page}{token}/"


def staff_link(letter: Letter) -> str:
    """Spell the address of a visit on the staff's screens, which ask who is there."""
    return f"{settings.PUBLIC_URL}/admin/scheduling/appointment/{letter.appointment_id}/change/"


def organiser_of(sender: str) -> str:
    """Name who organises a visit in calendars: the site's own address, else the house's."""
    return sender or _address_of(settings.DEFAULT_FROM_EMAIL)


@cache
def _address_of(sender: str) -> str:
    return parseaddr(sender)[1]


@lru_cache(maxsize=256)
def _readable(phone: str) -> str:
    if not phone:
        return ""
    number = phonenumbers.parse(phone, None)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    """Close the gap that an empty blank leaves."""
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><style>
body{{margin:0;padding:24px 16px;font:16px/1.5 system-ui,sans-serif;color:#1f2a2e;background:#fff}}
main{{max-width:32em;margin:0 auto}}
.when{{padding:12px 16px;border-{side}:4px solid #2f6f62;background:#eef5f2;font-weight:600}}
.button{{display:inline-block;padding:12px 18px;border-radius:8px;background:#2f6f62;color:#fff;
text-decoration:none;font-weight:600}}
footer{{margin-top:32px;font-size:13px}}footer a{{color:#5b6a6f}}
@media (prefers-color-scheme:dark){{body{{color:#e6ecea;background:#14191b}}
.when{{background:#1d2a27}}.button{{background:#8fd0bf;color:#0d1a17}}
footer a{{color:#a3b1ae}}}}
</style></head><body dir="{direction}"><main>
{content}
{foot}</main></body></html>
"""
