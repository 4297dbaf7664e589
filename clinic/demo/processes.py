"""The demo's processes: each started, watched and ended as one group."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from clinic.embedded import dies_with_parent

POLITE_SECONDS = 2.2
"""How long a process may take to end; with the servers' own time this stays below 5 s."""


FINISH_SECONDS = 240
"""How long a step may take; ten times what it takes on a slow machine."""


class Broke(Exception):
    """A step failed or a process ended by itself; the text holds its last words."""


@dataclass(slots=True)
class Child:
    """A running process of ours and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stays: bool = True

    def last_words(self) -> str:
        """Quote the end of its log."""
        return self.log.read_text(errors="replace")[-4000:].strip()

    def kill_group(self) -> None:
        """End whatever is left of its group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


@dataclass(slots=True)
class Family:
    """All processes of one demo: the environment they share, their logs, and where they start."""

    environment: dict[str, str]
    logs: Path
    base: Path
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, *arguments: str, shown: bool = False, stays: bool = True) -> Child:
        """Start `python ARGUMENTS`; `shown` lets its standard output through to the terminal."""
        path = self.logs / f"{name}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 -- our own commands, no shell
                [sys.executable, *arguments],
                env=self.environment,
                cwd=self.base,
                stdin=subprocess.DEVNULL,
                stdout=None if shown else log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone; we end the others in order
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- no threads run
            )
        child = Child(name, process, path, stays)
        self.children.append(child)
        return child

    def finish(self, name: str, *arguments: str, shown: bool = False) -> None:
        """Run `python ARGUMENTS` to its end.

        Raises:
            Broke: it failed, or FINISH_SECONDS passed: then it says where each thread stood.

        """
        self.see_out(self.start(name, *arguments, shown=shown, stays=False))

    def see_out(self, child: Child) -> None:
        """Wait for the end of a process that does one step.

        Raises:
            Broke: it failed, or FINISH_SECONDS passed: then it says where each thread stood.

        """
        name = child.name
        try:
            failed = child.process.wait(FINISH_SECONDS)
        except subprocess.TimeoutExpired as error:
            child.process.send_signal(signal.SIGABRT)  # Python's fault handler writes the stacks
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(POLITE_SECONDS)
            late = f"{name} did not end within {FINISH_SECONDS} s:\n{child.last_words()}"
            raise Broke(late) from error
        if failed:
            raise Broke(f"{name} failed:\n{child.last_words()}")
        self.children.remove(child)

    def watch(self) -> None:
        """Raise when one has ended by itself that was to stay.

        Raises:
            Broke: it names the process.

        """
        for child in self.children:
            if child.stays and child.process.poll() is not None:
                raise Broke(f"{child.name} ended by itself:\n{child.last_words()}")

    def end(self) -> None:
        """End all at once: politely, then by force, the helpers that they started included."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + POLITE_SECONDS
        for child in self.children:
            try:
                child.process.wait(max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill_group()
                child.process.wait()
            child.kill_group()
        self.children.clear()
