"""Where the demo's messages end: an SMTP server that keeps them, and a look at the SMS folder.

`python -m clinic.demo.sinks PORT FOLDER` prints `sent <email|sms> <kind> <recipient> <id>` for
each message that arrives, the recipient masked, and leaves its body in FOLDER.
"""

import asyncio
import re
import sys
from email import policy
from email.parser import BytesParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from notifications.providers import mask

LOOK_SECONDS = 0.2


def say(channel: str, kind: str, recipient: str, provider_id: str) -> None:
    """Print the line that tells of a message, at once."""
    print("sent", channel, kind, mask(recipient), provider_id, flush=True)  # noqa: T201


class Mailbox:
    """Keeps each e-mail as a file named after its Message-ID (aiosmtpd's handler)."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that the files go to."""
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd calls it so
        """Keep the message, tell of it, and accept it."""
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        message = BytesParser(policy=policy.default).parsebytes(raw)
        provider_id = str(message["Message-ID"] or id(message)).strip("<> ")
        kind = str(message["X-Fallow-Kind"] or "mail")
        name = re.sub(r"[^A-Za-z0-9.@-]", "_", f"email-{kind}-{provider_id}")
        (self.folder / f"{name}.eml").write_bytes(raw)
        for recipient in envelope.rcpt_tos:
            say("email", kind, recipient, provider_id)
        return "250 OK"


def texts(folder: Path) -> list[Path]:
    """List the SMS files, oldest first: sms-KIND-REF.txt, written by the file provider."""
    return sorted(folder.glob("sms-*.txt"), key=lambda path: path.stat().st_mtime_ns)


def tell_of_texts(folder: Path, told: set[str]) -> None:
    """Tell of each SMS file that was not there before."""
    for path in texts(folder):
        if path.name not in told:
            told.add(path.name)
            _, kind, ref = path.stem.split("-", 2)
            recipient = path.read_text("utf-8").partition("\n")[0].removeprefix("To: ")
            say("sms", kind, recipient, f"file-{ref}")


async def serve(port: int, folder: Path) -> None:
    """Take e-mail on 127.0.0.1 and look for new SMS files, for ever."""
    told = {path.name for path in texts(folder)}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Mailbox(folder), hostname="localhost", enable_SMTPUTF8=True),
        host="127.0.0.1",
        port=port,
    )
    async with server:
        while True:
            tell_of_texts(folder, told)
            await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
