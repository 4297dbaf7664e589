"""What somebody types as their telephone or e-mail, and whether a code may go there."""

from dataclasses import dataclass

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from phonenumbers import PhoneNumberType

from notifications.core.policy import Channel
from scheduling.errors import ClinicError, Malformed
from scheduling.models import Site
from scheduling.register import INVENTED, fold_mail, phone_of

LONGEST = 254
TAKES_TEXTS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""Types of number to which a text can be sent; in North America mobiles cannot be told apart."""


class Unreachable(ClinicError):
    """No code can go there; `why` is the key of the sentence that says so on the page."""

    code = "unreachable"
    sentence = "No code can be sent there."

    @property
    def why(self) -> str:
        """Name the sentence: empty, email, phone, country, or landline."""
        return str(self.facts["why"])


@dataclass(frozen=True, slots=True)
class Address:
    """A telephone in E.164 or an e-mail address, as it is written to."""

    channel: Channel
    text: str

    @property
    def key(self) -> str:
        """Spell what is the same address for the limits, whatever its letters' case."""
        return fold_mail(self.text)


def read(typed: str) -> Address:
    """Read an address to which a code may go.

    National numbers are read as the clinic's countries dial them. Texts go to these countries only,
    or to those of FALLOW_CODE_COUNTRIES: numbers abroad that earn by each text are how such forms
    are milked (Twilio's error 30450, “SMS pumping”).

    Raises:
        Unreachable: it is empty, no address, in another country, or takes no texts.

    """
    text = "".join(c for c in typed.strip() if c.isprintable())
    if not text:
        raise Unreachable(why="empty")
    if len(text) > LONGEST:
        raise Unreachable(why="email" if "@" in text else "phone")
    return _email(text) if "@" in text else _phone(text)


def _email(text: str) -> Address:
    try:
        validate_email(text)
    except ValidationError as error:
        raise Unreachable(why="email") from error
    return Address(Channel.EMAIL, text)


def _phone(text: str) -> Address:
    own = sorted(set(Site.objects.filter(active=True).values_list("country", flat=True)))
    try:
        number = phone_of(text, countries=own)
    except Malformed as error:
        raise Unreachable(why="phone") from error
    country, kind = _sort_of(number)
    if country not in (settings.CODE_COUNTRIES or own):
        raise Unreachable(why="country")
    if kind not in TAKES_TEXTS:
        raise Unreachable(why="landline")
    return Address(Channel.SMS, str(number.as_e164))


def _sort_of(number: phonenumbers.PhoneNumber) -> tuple[str, int]:
    """Say in which country a number is, and of which type; invented ones are British mobiles."""
    spelt = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if INVENTED.fullmatch(spelt):
        return "GB", PhoneNumberType.MOBILE
    return phonenumbers.region_code_for_number(number) or "", phonenumbers.number_type(number)
