"""A message written down as the internet carries it: RFC 5322, 2045, 2047 and 6047.

The standard library's `email` does the same in some eight thousand calls a message, which is more
than everything else between the outbox and the wire together; its parser reads what is written
here, and the tests let it.
"""

from binascii import b2a_qp
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache

from django.core.mail.message import sanitize_address

from notifications.providers import Outgoing, SendFailed

_CRLF = "\r\n"


def encoded(outgoing: Outgoing, *, sender: str, message_id: str) -> bytes:
    """Write a message with CRLF line ends, every part quoted-printable.

    `sender` is the From address; the reader sees `outgoing.sender_name` beside it.
    """
    head = [
        f"From: {_mailbox(outgoing.sender_name, sender)}",
        f"To: {envelope_address(outgoing.to)}",
        _header("Subject", outgoing.subject),
        f"Date: {_second(outgoing.at.replace(microsecond=0))}",
        f"Message-ID: <{message_id}>",
        "Auto-Submitted: auto-generated",
        f"X-Fallow-Kind: {outgoing.kind}",
        *(_header(name, value) for name, value in outgoing.headers.items()),
        "MIME-Version: 1.0",
        "",
    ]
    return _CRLF.join(head).encode("ascii") + _body(outgoing)


@lru_cache(maxsize=8)
def _second(at: datetime) -> str:
    """Spell a moment; the letters of one second share it."""
    return format_datetime(at)


def _body(outgoing: Outgoing) -> bytes:
    # “=_” never stands in quoted-printable, so no part can hold a boundary (RFC 2045, 6.7); and
    # neither begins with the other, for a line that only begins with one counts (RFC 2046, 5.1.1)
    said = _multipart("alternative", f"=_{outgoing.ref}", _parts(outgoing))
    files = list(_files(outgoing))
    return _multipart("mixed", f"=_all.{outgoing.ref}", [said, *files]) if files else said


def _files(outgoing: Outgoing) -> Iterator[bytes]:
    """Attach each of several entries, or the one entry once more as a file.

    Outlook and Gmail act on the part among the alternatives; some readers, Apple's on the telephone
    among them, show an entry only as a file. Google's own invitations have both.
    """
    for a in outgoing.attachments:
        yield _file(f'text/calendar; charset="utf-8"; method={a.method}', a.name, a.text)
    if outgoing.calendar:
        yield _file("application/ics", "invite.ics", outgoing.calendar)


def _file(kind: str, name: str, text: str) -> bytes:
    disposition = f'Content-Disposition: attachment; filename="{name}"'
    return _part(f'{kind}; name="{name}"{_CRLF}{disposition}', text)


def _multipart(kind: str, boundary: str, parts: Iterable[bytes]) -> bytes:
    line = f"{_CRLF}--{boundary}".encode("ascii")
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"{_CRLF}'.encode("ascii")
    return (line + b"\r\n").join([head, *parts]) + line + b"--\r\n"


def _part(kind: str, text: str) -> bytes:
    return _part_head(kind) + _quoted(text)


@lru_cache(maxsize=16)
def _part_head(kind: str) -> bytes:
    head = f"Content-Type: {kind}{_CRLF}Content-Transfer-Encoding: quoted-printable{_CRLF * 2}"
    return head.encode("ascii")


def _parts(outgoing: Outgoing) -> Iterator[bytes]:
    """Give each part, the plainest first."""
    yield _part('text/plain; charset="utf-8"', outgoing.text)
    if outgoing.html:
        yield _part('text/html; charset="utf-8"', outgoing.html)
    if outgoing.calendar:
        # RFC 6047: the part's method parameter equals the METHOD property
        method = outgoing.calendar_method
        yield _part(f'text/calendar; charset="utf-8"; method={method}', outgoing.calendar)


def _quoted(text: str) -> bytes:
    lines = text.replace(_CRLF, "\n").replace("\n", _CRLF)
    # b2a_qp folds as the first line ends: one without an end would be folded by bare line feeds
    return b2a_qp((lines + _CRLF).encode("utf-8")).removesuffix(b"\r\n")


def _header(name: str, value: str) -> str:
    """Write one header; line breaks in a value would start another, so they become spaces."""
    flat = " ".join(value.split())
    if flat.isascii():
        return f"{name}: {flat}"
    return f"{name}: {Header(flat, 'utf-8', header_name=name).encode(linesep=_CRLF)}"


@lru_cache(maxsize=256)
def _mailbox(name: str, address: str) -> str:
    """Write a name, encoded where needed, beside an address."""
    spelt: str = sanitize_address((" ".join(name.split()), address), "utf-8")
    return spelt


def envelope_address(address: str) -> str:
    """Give an address as SMTP takes it: ASCII, the domain in its xn-- form.

    Raises:
        SendFailed: it is no address, or its name part is not ASCII (that needs SMTPUTF8).

    """
    try:
        spelt: str = address if address.isascii() else sanitize_address(address, "utf-8")
    except ValueError as error:
        raise SendFailed("not an e-mail address", permanent=True) from error
    name, at, domain = spelt.rpartition("@")
    fits = address.rpartition("@")[0].isascii() and not set(spelt) & set(" <>\r\n\t\0")
    if not (fits and name and at and domain):
        raise SendFailed("not an e-mail address that SMTP can carry", permanent=True)
    return spelt
