import asyncio
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from clinic.demo import sinks
from clinic.embedded import free_port
from notifications.core.policy import Channel
from notifications.providers import Outgoing
from notifications.providers.file import File


def text(ref: str) -> Outgoing:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return Outgoing(
        ref=ref,
        kind="booked",
        channel=Channel.SMS,
        to="+447700900123",
        text="See you on Monday.",
        at=at,
        not_after=at,
    )


def test_sink_tells_of_each_text_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: set[str] = set()
    with File(tmp_path) as provider:
        provider.send(text("7-1"))
        sinks.tell_of_texts(tmp_path, told)
        provider.send(text("8-1"))
        sinks.tell_of_texts(tmp_path, told)
    assert capsys.readouterr().out.splitlines() == [
        "sent sms booked +44***123 file-7-1",
        "sent sms booked +44***123 file-8-1",
    ]


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "clinic@localhost"
    message["To"] = "pat@example.com"
    message["Message-ID"] = "<41@localhost>"
    message["X-Fallow-Kind"] = "booked"
    message.set_content("See you on Monday.")
    return message


def send(port: int) -> None:
    for _ in range(100):
        try:
            with smtplib.SMTP("127.0.0.1", port) as server:
                server.send_message(letter())
                return
        except ConnectionRefusedError:
            continue


def test_sink_keeps_a_letter_and_tells_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def visit() -> None:
        port = free_port()
        serving = asyncio.create_task(sinks.serve(port, tmp_path))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(send, port)
        serving.cancel()
        await asyncio.wait([serving])

    asyncio.run(visit())
    kept = [path.name for path in tmp_path.iterdir()]
    assert kept == ["email-booked-41@localhost.eml"]
    assert "See you on Monday." in (tmp_path / kept[0]).read_text()
    assert capsys.readouterr().out == "sent email booked p***@example.com 41@localhost\n"
