"""What the demo's patients have written: one message of each kind that a reception sees.

They come in through the hooks' own verb, so what is done about each is real: a visit is confirmed, a
task stands at the desk, an answer waits in the outbox.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from clinic.demo.visits import Desk
from notifications import inbox
from notifications.care import answering
from notifications.core.care import Answer
from notifications.core.codes import code_of
from notifications.core.policy import Channel
from notifications.models import CareAnswer, Reply
from scheduling.core.words import Actor, Status
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A message: from whom (nobody the clinic knows where it is empty), and so many minutes ago.

    ``{code}`` in the body is that of the writer's next visit; `answered` is what reception said.
    """

    who: str
    body: str
    minutes: int
    by: Channel = Channel.SMS
    pictures: int = 0
    answered: str = ""


STRANGER = "+447700900499"

TEXTS = (
    Text(who="Dev Rowan", body="YES {code}", minutes=190),
    Text(who="Owen Reed", body="CANCEL {code}", minutes=170),
    Text(who="Bruno Ash", body="ok", minutes=150),
    Text(who="Greta Brook", body="can't come", minutes=140),
    Text(who="June Alder", body="STOP", minutes=120),
    Text(who="Farid Lindon", body="HELP", minutes=100),
    Text(who="", body="Hi, it's Nell, this is my new number", minutes=80),
    Text(who="Ivo Marsh", body="", minutes=60, pictures=2),
    Text(who="Hana Field", body="Is there parking near you?", minutes=50),
    Text(
        who="Nell Birch",
        body="Which door is it?",
        minutes=45,
        answered="The green one, please ring the bell.",
    ),
    Text(
        who="Elsa Heath",
        body="Dear all,\n\ncould I come an hour later on the day? My train gets in at ten."
        "\n\nKind regards,\nElsa Heath",
        minutes=30,
        by=Channel.EMAIL,
    ),
    Text(who="Lucía Núñez Vega", body="¿Puedo ir con mi hija?", minutes=15),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What somebody answered after a treatment, so many hours ago; a “worse” is to be reviewed."""

    who: str
    said: Answer
    day: int
    words: str = ""
    hours: int = 2


CHECKS = (
    Check(who="Ada Pine", said=Answer.SAME, day=3, words="Still red in the evening."),
    Check(who="Hana Field", said=Answer.WORSE, day=5, words="One cheek blisters.", hours=1),
)


def fill(desk: Desk) -> None:
    """Take in what is not there yet; the same messages are kept once."""
    _take_in(desk)
    for check in CHECKS:
        _answer_check(check, desk)


def _answer_check(check: Check, desk: Desk) -> None:
    """Answer about the newest visit that is done, unless its checks were answered before."""
    patient = desk.cast[check.who]
    done = Appointment.objects.filter(patient=patient, status=Status.FULFILLED.value, series=None)
    visit = done.order_by("-start").first()
    if visit is None or CareAnswer.objects.filter(appointment__patient=patient).exists():
        return
    said = answering.Said(
        answer=check.said, source=CareAnswer.Source.LINK, words=check.words, day=check.day
    )
    by = Actor(name=str(patient), patient_id=patient.pk)
    came = desk.now - timedelta(hours=check.hours)
    answering.answer(appointment_id=visit.pk, said=said, by=by, now=came)


def _take_in(desk: Desk) -> None:
    for number, text in enumerate(TEXTS, start=1):
        patient = desk.cast.get(text.who)
        incoming = inbox.Incoming(
            provider="demo",
            provider_id=f"demo-{number}",
            channel=text.by,
            sender=_address(text, patient),
            body=text.body.format(code=_code(patient, desk)),
            pictures=text.pictures,
        )
        reply = inbox.act_on_reply(incoming=incoming, now=desk.now)
        if reply is not None:
            came = desk.now - timedelta(minutes=text.minutes)
            Reply.objects.filter(pk=reply.pk).update(at=came)
            _answer(reply, text, desk)


def _address(text: Text, patient: Patient | None) -> str:
    if patient is None:
        return STRANGER
    return str(patient.phone) if text.by is Channel.SMS else patient.email


def _code(patient: Patient | None, desk: Desk) -> str:
    mine = Appointment.objects.filter(
        patient=patient, status=Status.BOOKED.value, start__gt=desk.now
    )
    visit = mine.order_by("start", "pk").first()
    return code_of(visit.pk, key=settings.SECRET_KEY) if visit else "0000"


def _answer(reply: Reply, text: Text, desk: Desk) -> None:
    if not text.answered:
        return
    try:
        inbox.answer(reply_id=reply.pk, words=text.answered, by=desk.by, now=desk.now)
    except ClinicError:
        return  # a demo that was played with may have changed who wants texts
