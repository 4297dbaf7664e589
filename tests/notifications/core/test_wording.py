"""Texts with blanks: what may stand in them, what must, and how they become HTML."""

import pytest

from notifications.core.policy import Channel, Kind
from notifications.core.wording import (
    BLANKS,
    OF_A_DAY,
    OF_SEVERAL,
    BadWording,
    as_html,
    blanks_of,
    check,
    cut,
    worded,
)

GOOD = "{clinic} {short_date} {time} {phone} {link}"


def test_cut_and_fill_put_the_values_in() -> None:
    assert cut("{clinic}: {time}, {{sic}}").fill({"clinic": "A", "time": "9"}) == "A: 9, {sic}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{treatment}", "“{treatment}” is not a blank that can be filled. Known are {clinic}."),
        ("{clinic!r}", "“{clinic}” is not a blank that can be filled. Known are {clinic}."),
        ("{clinic:>9}", "“{clinic}” is not a blank that can be filled. Known are {clinic}."),
        ("{clinic.pk}", "“{clinic.pk}” is not a blank that can be filled. Known are {clinic}."),
        ("{}", "“{}” is not a blank that can be filled. Known are {clinic}."),
        ("{clinic", "A brace { or } stands alone."),
        ("clinic}", "A brace { or } stands alone."),
    ],
)
def test_cut_refuses_what_it_cannot_fill(text: str, why: str) -> None:
    with pytest.raises(BadWording) as refusal:
        cut(text, ["clinic"])
    assert refusal.value.sentence == why


def test_no_blank_is_clinical() -> None:
    assert set(BLANKS) == {
        "book",
        "clinic", "name", "date", "short_date", "time", "address", "phone", "link", "code", "reply",
    }  # fmt: skip
    assert set(OF_SEVERAL) == {"visits", "count", "how_many"}
    assert set(OF_A_DAY) == {"times"}


@pytest.mark.parametrize(
    ("kind", "channel", "more"),
    [
        (Kind.BOOKED, Channel.EMAIL, set()),
        (Kind.REMINDER, Channel.SMS, set()),
        (Kind.SEVERAL, Channel.EMAIL, {"visits", "count", "how_many"}),
        (Kind.ALL_OFF, Channel.SMS, {"count", "how_many"}),
        (Kind.DAY, Channel.EMAIL, {"visits", "count", "how_many", "times"}),
    ],
)
def test_only_texts_about_several_visits_count_and_list_them(
    kind: Kind, channel: Channel, more: set[str]
) -> None:
    assert set(blanks_of(kind, channel)) == set(BLANKS) | more


@pytest.mark.parametrize(
    ("kind", "channel", "subject", "body", "why"),
    [
        (Kind.BOOKED, Channel.SMS, "", "Hi", "date}, {clinic}, {link}, {time}"),
        (Kind.CANCELLED, Channel.SMS, "", "Hi", "date}, {clinic}, {phone}, {time}"),
        (Kind.BOOKED, Channel.EMAIL, " ", GOOD, "An e-mail needs a subject."),
        (
            Kind.BOOKED,
            Channel.SMS,
            "",
            GOOD + "{count}",
            "“{count}” is not a blank that can be filled. Known are",
        ),
        (
            Kind.SEVERAL,
            Channel.SMS,
            "",
            GOOD + "{visits}",
            "“{visits}” is not a blank that can be filled.",
        ),
        (Kind.SEVERAL, Channel.SMS, "", GOOD, "The text must contain {count}."),
        (Kind.SEVERAL, Channel.EMAIL, "x", GOOD, "The text must contain {visits}."),
        (Kind.ALL_OFF, Channel.EMAIL, "x", "{visits}", "contain {clinic}, {link}, {phone}."),
    ],
)
def test_check_says_what_is_missing(
    kind: Kind, channel: Channel, subject: str, body: str, why: str
) -> None:
    with pytest.raises(BadWording) as refusal:
        check(kind=kind, channel=channel, subject=subject, body=body)
    assert why in refusal.value.sentence


def test_check_counts_the_subject_too() -> None:
    check(kind=Kind.BOOKED, channel=Channel.EMAIL, subject="{clinic} {date}", body=GOOD)


def test_html_makes_paragraphs_a_button_and_escapes() -> None:
    body = "Dear {name},\nA & B <3\n\n{date}\n{clinic}\n\nSee & change: {link}\n\nOr {link} here"
    assert as_html("{visits}\n{phone}") == '<p class="when">{visits}<br>\n{phone}</p>'
    assert as_html(body).split("\n") == [
        "<p>Dear {name},<br>",
        "A &amp; B &lt;3</p>",
        '<p class="when">{date}<br>',
        "{clinic}</p>",
        '<p><a class="button" href="{link}">See &amp; change</a></p>',
        "<p>Or {link} here</p>",
    ]


def test_a_subject_is_one_line() -> None:
    wording = worded(subject="Your visit\r\nBcc: everybody", body="x")
    assert wording.subject.fill({}) == "Your visit Bcc: everybody"


@pytest.mark.parametrize("channel", list(Channel))
def test_a_text_to_several_people_names_nobody_and_opens_nobodys_page(channel: Channel) -> None:
    assert {"name", "time", "link"}.isdisjoint(blanks_of(Kind.FAMILY, channel))
    with pytest.raises(BadWording, match=r"“\{link\}” is not a blank"):
        check(kind=Kind.FAMILY, channel=channel, subject="x", body="{clinic} {link} {times}")


@pytest.mark.parametrize("kind", [Kind.BOOKED, Kind.DAY, Kind.SEVERAL])
def test_an_sms_with_a_link_may_leave_the_telephone_to_the_page(kind: Kind) -> None:
    body = "{clinic} {short_date} {link}" + {Kind.DAY: "{times}", Kind.SEVERAL: "{count}"}.get(
        kind, "{time}"
    )
    assert check(kind=kind, channel=Channel.SMS, subject="", body=body)
    with pytest.raises(BadWording, match="phone"):
        check(kind=kind, channel=Channel.EMAIL, subject="x", body=body)
