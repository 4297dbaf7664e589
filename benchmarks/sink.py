"""An SMTP server in a process of its own that takes everything and keeps it.

It offers PIPELINING (RFC 2920), as the mail servers do that a clinic is likely to have.
"""

from multiprocessing.connection import Connection

from aiosmtpd.smtp import Session

from benchmarks.stations import FORK


class Sink:
    """A local SMTP sink: `port` to send to, `take` for what came."""

    def __init__(self) -> None:
        self.wire, there = FORK.Pipe()
        self.process = FORK.Process(target=_serve, args=(there,), daemon=True)
        self.process.start()
        there.close()
        self.port: int = self.wire.recv()

    def take(self) -> list[bytes]:
        """Give the messages that came since the last time."""
        self.wire.send(None)
        taken: list[bytes] = self.wire.recv()
        return taken

    def close(self) -> None:
        """End the process."""
        self.wire.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()


class _Keep:
    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's name
        self, _server: object, session: Session, _envelope: object, host: str, offers: list[str]
    ) -> list[str]:
        session.host_name = host
        return [offers[0], "250-PIPELINING", *offers[1:]]

    async def handle_DATA(self, server: object, session: object, envelope) -> str:  # type: ignore[no-untyped-def]  # noqa: N802 -- aiosmtpd's name
        self.kept.append(envelope.content)
        return "250 OK"


def _serve(wire: Connection) -> None:
    from aiosmtpd.controller import Controller

    from clinic import embedded

    handler = _Keep()
    controller = Controller(handler, hostname="127.0.0.1", port=embedded.free_port())
    controller.start()
    wire.send(controller.port)
    while True:
        try:
            wire.recv()
        except EOFError:
            break
        kept, handler.kept = handler.kept, []
        wire.send(kept)
    controller.stop()
