"""Where the demo's messages end: an SMTP server that keeps them, and a look at the SMS folder.

`python -m clinic.demo.sinks PORT FOLDER` prints `sent <email|sms> <kind> <recipient> <id>` for
each message that arrives, the recipient masked, and leaves its body in FOLDER.
"""

import asyncio
import json
import re
import sys
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOK_SECONDS = 0.2


def mask(recipient: str) -> str:
    """Leave enough of an address or number to recognise one's own, and no more."""
    name, at, domain = recipient.partition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{recipient[:3]}***{recipient[-2:]}"


def say(channel: str, kind: str, recipient: str, provider_id: str) -> None:
    """Print the line that tells of a message, at once."""
    print("sent", channel, kind or "-", mask(recipient), provider_id or "-", flush=True)  # noqa: T201


class Mailbox:
    """Keeps each e-mail as a file named after its Message-ID (aiosmtpd's handler)."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that the files go to."""
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd calls it so
        """Keep the message, tell of it, and accept it."""
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        message: EmailMessage = BytesParser(policy=policy.default).parsebytes(raw)
        provider_id = str(message["Message-ID"] or "").strip("<> ")
        name = re.sub(r"[^A-Za-z0-9.@-]", "_", provider_id) or str(id(message))
        (self.folder / f"{name}.eml").write_bytes(raw)
        for recipient in envelope.rcpt_tos:
            say("email", str(message["X-Fallow-Kind"] or ""), recipient, provider_id)
        return "250 OK"


def earlier_texts(folder: Path) -> set[str]:
    """Name the SMS files that an earlier demo has told of."""
    return {path.name for path in folder.glob("*.sms.json")}


def tell_of_texts(folder: Path, told: set[str]) -> None:
    """Tell of each SMS file (JSON: kind, to, id, body) that was not there before."""
    for path in sorted(folder.glob("*.sms.json"), key=lambda each: each.stat().st_mtime_ns):
        if path.name not in told:
            told.add(path.name)
            text = json.loads(path.read_text())
            say("sms", text.get("kind", ""), text["to"], text["id"])


async def serve(port: int, folder: Path) -> None:
    """Take e-mail on 127.0.0.1 and look for new SMS files, for ever."""
    told = earlier_texts(folder)
    loop = asyncio.get_running_loop()
    await loop.create_server(
        lambda: SMTP(Mailbox(folder), hostname="localhost", enable_SMTPUTF8=True),
        host="127.0.0.1",
        port=port,
    )
    while True:
        tell_of_texts(folder, told)
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
