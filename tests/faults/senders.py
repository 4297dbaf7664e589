"""Senders as real processes: one parent that is ready, and a fork of it for each life.

`python -m tests.faults.senders` reads a line of JSON for each run: which children to start, and
after how many seconds each is to be killed. A fork costs milliseconds where a start costs a second,
so that a thousand deaths fit into a minute or two.
"""

import gc
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django

KILLED = -signal.SIGKILL


@dataclass(frozen=True, kw_only=True)
class Life:
    """One sender: its clock, which stands; where it dies, or how long it may live (seconds).

    One that `sleeps` sleeps at its point while another sweeps after the end of its lease.
    """

    now: datetime
    point: str = ""
    channel: str = "email"
    nth: int = 1
    kill_after: float | None = None
    survives: bool = False
    sleeps: bool = False
    removed: Sequence[str] = ()


@dataclass
class Nursery:
    """The parent of all senders of one test process, and the log that they write."""

    log: Path
    ports: tuple[int, int] = (0, 0)
    process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        from django.db import connection

        url = urlsplit(os.environ["DATABASE_URL"])._replace(
            path=f"/{connection.settings_dict['NAME']}"
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.senders"],
                env=os.environ | {"DATABASE_URL": url.geturl()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def run(self, *lives: Life) -> list[int]:
        """Let senders live side by side; answer how each ended."""
        self.begin(*lives)
        return self.end()

    def begin(self, *lives: Life) -> None:
        asked = {"ports": self.ports, "lives": [asdict(x) for x in lives]}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked, default=datetime.isoformat) + "\n")
        self.process.stdin.flush()

    def end(self) -> list[int]:
        assert self.process.stdout is not None
        ended: list[int] = json.loads(self.process.stdout.readline())
        return ended

    def close(self) -> None:
        with self.process as process:  # closes its pipes, and waits
            process.kill()


# ---------------------------------------------------------------- inside the parent


def main() -> None:
    """Serve until the test's end of the pipe is closed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    django.setup()
    from tests.faults import children

    answers = os.dup(1)
    os.dup2(2, 1)  # a provider that announces must not speak in between
    children.warm_up()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        lives = [_life(x) for x in asked["lives"]]
        born = {_born(x, tuple(asked["ports"]), children): n for n, x in enumerate(lives)}
        os.write(answers, (json.dumps(_ended(born, lives)) + "\n").encode())


def _life(said: dict[str, Any]) -> Life:
    return Life(**(said | {"now": datetime.fromisoformat(said["now"])}))


def _born(life: Life, ports: Any, children: Any) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        random.seed()
        children.live(life, ports)
        code = 0
    except Exception:
        logging.getLogger("tests.faults").exception("a sender broke off")
    finally:
        os._exit(code)


def _ended(born: dict[int, int], lives: Sequence[Life]) -> list[int]:
    """Wait for all, killing each when its time has come; one thread, so none is killed after."""
    began, ends, doomed = time.monotonic(), {}, set(born)
    while len(ends) < len(lives):
        for pid in born.keys() - ends.keys():
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                ends[pid] = os.waitstatus_to_exitcode(status)
            elif pid in doomed and time.monotonic() - began > _allowed(lives[born[pid]]):
                doomed.discard(pid)
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
    return [ends[pid] for pid in born]


def _allowed(life: Life) -> float:
    return 60 if life.kill_after is None else life.kill_after


if __name__ == "__main__":
    main()
