"""What is written is what the standard library's own parser reads."""

import email
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.providers import Attachment, SendFailed, mime
from tests.notifications import letters

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)


def read(**more: object) -> EmailMessage:
    raw = mime.encoded(
        letters.email(**more), sender="clinic@fallow.example", message_id="a@fallow.example"
    )
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return cast("EmailMessage", email.message_from_bytes(raw, policy=default_policy))


def parts(message: EmailMessage) -> list[tuple[str, str]]:
    return [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n"))
        for part in message.iter_parts()
        if isinstance(part, EmailMessage)
    ]


def test_encoded_carries_every_part() -> None:
    calendar = "BEGIN:VCALENDAR\r\nSUMMARY:Cita en \u00d1and\u00fa\r\n"
    message = read(
        text="Hola\n.\n..x\n", html="<p>é</p>\n", calendar=calendar, calendar_method="CANCEL"
    )
    said, copy = message.iter_parts()
    assert message.get_content_type() == "multipart/mixed"
    assert said.get_content_type() == "multipart/alternative"
    assert parts(cast("EmailMessage", said)) == [
        ("text/plain", "Hola\n.\n..x\n"),
        ("text/html", "<p>é</p>\n"),
        ("text/calendar", calendar.replace("\r\n", "\n")),
    ]
    *_, entry = cast("EmailMessage", said).iter_parts()
    assert entry["Content-Type"].params == {"charset": "utf-8", "method": "CANCEL"}
    assert (copy.get_content_type(), copy.get_filename()) == ("application/ics", "invite.ics")
    assert cast("EmailMessage", copy).get_content().decode() == calendar


def test_encoded_attaches_each_of_several_entries() -> None:
    """One object a part, each with its own method, beside the text in both its forms."""
    attached = [
        Attachment(name=f"visit-{n}.ics", text=f"SUMMARY:\u00d1and\u00fa {n}\r\n", method=method)
        for n, method in enumerate(["REQUEST", "CANCEL"])
    ]
    message = read(attachments=attached)
    said, *files = message.iter_parts()
    assert message.get_content_type() == "multipart/mixed"
    assert [kind for kind, _ in parts(cast("EmailMessage", said))] == ["text/plain", "text/html"]
    found = [(f.get_filename(), f["Content-Type"].params["method"]) for f in files]
    assert found == [("visit-0.ics", "REQUEST"), ("visit-1.ics", "CANCEL")]
    assert [f.get_content_disposition() for f in files] == ["attachment", "attachment"]
    assert [cast("EmailMessage", f).get_content() for f in files] == [
        "SUMMARY:\u00d1and\u00fa 0\r\n",
        "SUMMARY:\u00d1and\u00fa 1\r\n",
    ]


def test_encoded_names_sender_reader_and_kind() -> None:
    message = read(
        sender_name="Cl\u00ednica \u00d1and\u00fa, S.L.", headers={"Reply-To": "desk@x.example"}
    )
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (
        "Cl\u00ednica \u00d1and\u00fa, S.L.",
        "clinic@fallow.example",
    )
    assert {name: message[name] for name in ("To", "Reply-To", "Message-ID", "X-Fallow-Kind")} == {
        "To": "maria@example.com",
        "Reply-To": "desk@x.example",
        "Message-ID": "<a@fallow.example>",
        "X-Fallow-Kind": "reminder",
    }
    assert message["Date"].datetime == letters.NOW


def test_a_line_break_starts_no_other_header() -> None:
    message = read(subject="One\r\nBcc: all@example.com", sender_name="A\r\nBcc: all@example.com")
    assert message["Subject"] == "One Bcc: all@example.com"
    assert message["Bcc"] is None


@settings(max_examples=60, deadline=None)
@example(subject="", text="\u00a0" * 40)
@given(subject=WORDS, text=st.lists(WORDS, max_size=6).map("\n".join))
def test_any_text_survives(subject: str, text: str) -> None:
    message = read(subject=subject, text=text, html="")
    ((_, found),) = parts(message)
    assert found.rstrip("\n") == text.rstrip("\n")
    assert message["Subject"].split() == subject.split()


@pytest.mark.parametrize(
    ("address", "spelt"),
    [
        ("maria@example.com", "maria@example.com"),
        ("maria@\u00f1and\u00fa.example", "maria@xn--and-6ma2c.example"),
    ],
)
def test_envelope_address_is_ascii(address: str, spelt: str) -> None:
    assert mime.envelope_address(address) == spelt


@pytest.mark.parametrize(
    "address",
    ["", "maria", "mar\u00eda@example.com", "a@b\r\nRCPT TO:<x@y>", "a <b@c.example>", "@x"],
)
def test_an_address_that_smtp_cannot_carry_is_refused_for_good(address: str) -> None:
    with pytest.raises(SendFailed) as refusal:
        mime.envelope_address(address)
    assert refusal.value.permanent is True
