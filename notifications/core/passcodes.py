"""The six digits that prove a telephone or an e-mail: derived, never stored; and how they are told."""

import hashlib
import hmac
import unicodedata

from notifications.core import sms

DIGITS = 6


def code_of(nonce: bytes, *, key: str) -> str:
    """Derive a code from a challenge's random nonce and the house's key.

    Whoever reads the table has the nonces and not the key; 2**64 over 10**6 leaves no digit likelier
    than another by more than one in 10**13.
    """
    mixed = hmac.new(b"passcode " + key.encode(), nonce, hashlib.sha256).digest()
    return f"{int.from_bytes(mixed[:8], 'big') % 10**DIGITS:0{DIGITS}}"


def digits_of(typed: str) -> str:
    """Read what somebody typed: blanks and hyphens aside, digits of any script; else nothing."""
    bare = [c for c in typed if not c.isspace() and unicodedata.category(c) not in {"Pd", "Cf"}]
    found = [unicodedata.decimal(c, None) for c in bare]
    return "" if None in found else "".join(str(n) for n in found)


def same(typed: str, code: str) -> bool:
    """Compare in a time that says nothing of where they differ."""
    return hmac.compare_digest(digits_of(typed).encode(), code.encode())


def with_origin(text: str, *, host: str, code: str) -> str:
    """Add the line by which telephones fill in a code on our own pages only, where it costs nothing.

    “Origin-bound one-time codes delivered via SMS” (WICG): the last line is ``@host #code``.
    """
    bound = f"{text}\n\n@{host} #{code}"
    return bound if sms.measure(bound).segments == sms.measure(text).segments else text
