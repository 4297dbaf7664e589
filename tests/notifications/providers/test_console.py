"""The sinks: one file a message; the console's one line a message too, which names nobody."""

from pathlib import Path

import pytest

from notifications.providers import ProviderId, SendFailed, mask
from notifications.providers.console import Console
from notifications.providers.file import File
from tests.notifications import letters


def test_send_writes_the_text_to_a_file(tmp_path: Path) -> None:
    with File(tmp_path / "outbox") as sink:
        assert sink.send(letters.sms()) == ProviderId("file-0a1b2c3d")
    written = {p.name: p.read_text("utf-8") for p in (tmp_path / "outbox").iterdir()}
    assert written == {"sms-reminder-0a1b2c3d.txt": "To: +447700900123\n\nYour visit is tomorrow\n"}


def test_send_announces_without_naming(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Console(tmp_path).send(letters.email())
    assert capfd.readouterr().out == "sent email reminder m***@example.com console-0a1b2c3d\n"


def test_the_file_sink_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    File(tmp_path).send(letters.sms())
    assert capfd.readouterr().out == ""


def test_send_fails_when_the_disk_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SendFailed) as failure:
        Console(tmp_path / "file").send(letters.sms())
    assert failure.value.permanent is False


def test_find_tells_whether_the_file_is_there(tmp_path: Path) -> None:
    console = Console(tmp_path)
    assert console.find(letters.trace()) is None
    console.send(letters.sms())
    assert console.find(letters.trace()) == ProviderId("console-0a1b2c3d")


@pytest.mark.parametrize(
    ("recipient", "masked"),
    [("maria@example.com", "m***@example.com"), ("+447700900123", "+44***123")],
)
def test_mask_shows_enough_to_recognise(recipient: str, masked: str) -> None:
    assert mask(recipient) == masked
