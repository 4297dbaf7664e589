"""What somebody new is asked, one thing a page; the phone was verified before."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import wraps

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from scheduling import register
from scheduling.doors import Visitor, language_of
from scheduling.doors.frame import LANGUAGES, Words
from scheduling.errors import Malformed
from scheduling.models import Patient
from scheduling.pages.booking import drafts, steps
from scheduling.pages.booking.drafts import Draft
from scheduling.pages.booking.forms import Field, Form, ask, line, words_for
from scheduling.pages.booking.steps import BOOK, NEW, SeeOther, is_new
from scheduling.reservations import Newcomer

CHANNELS = ("sms", "email")
LONGEST_MAIL = 254

Errors = dict[str, str]
Inside = Callable[[HttpRequest, Visitor, datetime], HttpResponse]
Asking = Callable[[HttpRequest, Draft, Words, datetime], Errors]
Drawing = Callable[[HttpRequest, Visitor, Draft, Words, Errors], Form]


def only(view: Inside) -> Inside:
    """Lead whoever is a patient already to their own pages."""

    @wraps(view)
    def inside(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
        if is_new(visitor):
            return view(request, visitor, now)
        # whoever confirmed twice, or in two tabs, has one visit
        return SeeOther(f"{BOOK}done/") if request.method == "POST" else redirect(BOOK)

    return inside


def name(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask the name."""
    return _step(request, visitor, now, "name")


def birth(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask the birth date."""
    return _step(request, visitor, now, "birth")


def guardian(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask who answers for a minor, and whether the verified phone is theirs."""
    return _step(request, visitor, now, "guardian")


def messages(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask the language, an e-mail if there is one, and by which channels we may write."""
    return _step(request, visitor, now, "messages")


def _step(request: HttpRequest, visitor: Visitor, now: datetime, step: str) -> HttpResponse:
    """Show a step; by POST read it, and go on when all is well."""
    draft, words = drafts.read(request, visitor), words_for(request, visitor)
    asking, drawing = _STEPS[step]
    errors: Errors = {}
    if request.method == "POST":
        errors = asking(request, draft, words, now)
        if not errors:
            after = steps.missing(visitor, draft, now)
            after = "check" if after == "times" and draft.get("kept") else after
            return drafts.remember(SeeOther(f"{NEW}{after}/"), draft, visitor)
    return ask(request, visitor, drawing(request, visitor, draft, words, errors))


def _ask_name(request: HttpRequest, draft: Draft, words: Words, now: datetime) -> Errors:
    draft["given"], draft["family"] = line(request, "given"), line(request, "family")
    return {each: words[f"{each}_error"] for each in ("given", "family") if not draft[each]}


def _name_form(
    request: HttpRequest, visitor: Visitor, draft: Draft, words: Words, errors: Errors
) -> Form:
    fields = [
        _text("given", draft, words, errors, autocomplete="given-name"),
        _text("family", draft, words, errors, autocomplete="family-name"),
    ]
    return Form(title=words["name_title"], fields=fields, back=_back(visitor, draft, "name"))


def _ask_birth(request: HttpRequest, draft: Draft, words: Words, now: datetime) -> Errors:
    typed = {part: line(request, part, 4) for part in ("day", "month", "year")}
    draft["typed"] = typed
    draft.pop("born", None)
    try:
        day = date(*(int(typed[part]) for part in ("year", "month", "day")))
    except ValueError:
        return {"day": words["birth_error"]}
    if register.impossible(Patient(birth_date=day), today=now.date()):
        return {"day": words["birth_error"]}
    draft["born"] = day.isoformat()
    if not register.needs_guardian(day, now.date()):
        draft.pop("guardian", None)
    return {}


def _birth_form(
    request: HttpRequest, visitor: Visitor, draft: Draft, words: Words, errors: Errors
) -> Form:
    typed = draft.get("typed", {})
    fields = [
        Field(
            name=part,
            kind="number",
            label=words[part],
            value=typed.get(part, ""),
            error=errors.get(part, ""),
            autocomplete=f"bday-{part}",
            longest=4 if part == "year" else 2,
        )
        for part in ("day", "month", "year")
    ]
    return Form(
        title=words["birth_title"],
        fields=fields,
        lead=words["birth_hint"],
        together=words["birth_title"],
        back=_back(visitor, draft, "birth"),
    )


def _ask_guardian(request: HttpRequest, draft: Draft, words: Words, now: datetime) -> Errors:
    named = [line(request, "guardian_given"), line(request, "guardian_family")]
    mine = request.POST.getlist("mine") == ["yes"]
    draft["guardian_typed"] = named
    draft.pop("guardian", None)
    errors = {
        field: words[error]
        for field, error, ok in (
            ("guardian_given", "given_error", named[0]),
            ("guardian_family", "family_error", named[1]),
            ("mine", "mine_error", mine),
        )
        if not ok
    }
    if not errors:
        draft["guardian"] = named
    return errors


def _guardian_form(
    request: HttpRequest, visitor: Visitor, draft: Draft, words: Words, errors: Errors
) -> Form:
    given, family = draft.get("guardian_typed", ["", ""])
    end = str(visitor.patient.phone)[-3:]
    fields = [
        Field(
            name=field,
            label=words[label],
            value=value,
            error=errors.get(field, ""),
        )
        for field, label, value in (
            ("guardian_given", "given", given),
            ("guardian_family", "family", family),
        )
    ]
    mine = Field(
        name="mine",
        kind="some",
        label=words["mine_label"],
        value=["yes"] if draft.get("guardian") else [],
        error=errors.get("mine", ""),
        choices=[("yes", words["mine"].format(end=end))],
    )
    return Form(
        title=words["guardian_title"],
        lead=words["guardian_hint"],
        fields=[*fields, mine],
        back=_back(visitor, draft, "guardian"),
    )


def _ask_messages(request: HttpRequest, draft: Draft, words: Words, now: datetime) -> Errors:
    draft["email"] = line(request, "email", LONGEST_MAIL)
    draft["typed_language"] = request.POST.get("language", "")
    ticked = [c for c in request.POST.getlist("agreed") if c in CHANNELS]
    # the very sentence that stood beside the box is kept as evidence
    draft["agreed"] = {channel: words["agree"][channel] for channel in ticked}
    draft.pop("language", None)
    errors: Errors = {}
    if draft["email"] and not _is_mail(draft["email"]):
        errors["email"] = words["email_error"]
    elif "email" in ticked and not draft["email"]:
        errors["email"] = words["email_missing"]
    if draft["typed_language"] not in LANGUAGES:
        errors["language"] = words["language_error"]
    if not errors:
        draft["language"] = draft["typed_language"]
    return errors


def _is_mail(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _messages_form(
    request: HttpRequest, visitor: Visitor, draft: Draft, words: Words, errors: Errors
) -> Form:
    spoken = draft.get("typed_language") or language_of(request, visitor.patient)
    fields = [
        Field(
            name="email",
            kind="email",
            label=words["email"],
            hint=words["email_hint"],
            value=draft.get("email", ""),
            error=errors.get("email", ""),
            autocomplete="email",
            longest=LONGEST_MAIL,
        ),
        Field(
            name="language",
            kind="one",
            label=words["language_label"],
            value=spoken,
            error=errors.get("language", ""),
            choices=list(LANGUAGES.items()),
        ),
        Field(
            name="agreed",
            kind="some",
            label=words["agree_label"],
            hint=words["agree_hint"],
            value=list(draft.get("agreed", {})),
            choices=[(channel, words["agree"][channel]) for channel in CHANNELS],
        ),
    ]
    back = _back(visitor, draft, "messages")
    return Form(title=words["messages_title"], fields=fields, back=back)


def _text(
    field: str, draft: Draft, words: Words, errors: Errors, *, autocomplete: str = ""
) -> Field:
    return Field(
        name=field,
        label=words[field],
        value=draft.get(field, ""),
        error=errors.get(field, ""),
        autocomplete=autocomplete,
    )


def _back(visitor: Visitor, draft: Draft, step: str) -> str:
    order = ["name", "birth", *(["guardian"] if "guardian_typed" in draft else []), "messages"]
    place = order.index(step) if step in order else 2
    return f"{NEW}{order[place - 1]}/" if place else ""


_STEPS: Mapping[str, tuple[Asking, Drawing]] = {
    "name": (_ask_name, _name_form),
    "birth": (_ask_birth, _birth_form),
    "guardian": (_ask_guardian, _guardian_form),
    "messages": (_ask_messages, _messages_form),
}


def newcomer_of(visitor: Visitor, draft: Draft) -> Newcomer:
    """Put together what somebody new said.

    Raises:
        Malformed: a step was left out.

    """
    day = steps.born(draft)
    if day is None or not all(draft.get(each) for each in ("given", "family", "language")):
        raise Malformed
    named = draft.get("guardian")
    return Newcomer(
        given_name=draft["given"],
        family_name=draft["family"],
        birth_date=day,
        email=draft.get("email", ""),
        language=draft["language"],
        agreed=draft.get("agreed", {}),
        guardian=(named[0], named[1]) if named else None,
    )


def name_of(draft: Draft) -> str:
    """Say the name that was given."""
    return f"{draft.get('given', '')} {draft.get('family', '')}".strip()


def summary(request: HttpRequest, visitor: Visitor, draft: Draft) -> list[dict[str, str]]:
    """List what was said, each with the page on which it is changed."""
    words, day = words_for(request, visitor), steps.born(draft)
    said = [
        ("name", words["name_word"], name_of(draft)),
        ("birth", words["birth_word"], f"{day:%d.%m.%Y}" if day else ""),
        ("guardian", words["guardian_word"], " ".join(draft.get("guardian", []))),
        ("messages", words["email_word"], draft.get("email", "")),
        ("messages", words["agree_label"], " ".join(draft.get("agreed", {}).values())),
    ]
    rows = [(step, word, value) for step, word, value in said if value or step == "messages"]
    return [
        {"word": word, "value": value or words["none_said"], "page": f"{NEW}{step}/"}
        for step, word, value in rows
    ]
