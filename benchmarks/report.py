"""What the run prints: sections of tables, each target with what was found, as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """Collects the sections of a run and prints each as soon as it is complete."""

    lines: list[str] = field(default_factory=list)
    targets: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        """Print lines and keep them."""
        for line in lines:
            print(line, flush=True)
            self.lines.append(line)

    def section(self, title: str, *words: str) -> None:
        """Begin a section."""
        self.say("", f"## {title}", "", *words)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table; the first column is text, the others are figures."""
        marks = [":--", *["--:"] * (len(heads) - 1)]
        self.say("", f"| {' | '.join(heads)} |", f"| {' | '.join(marks)} |")
        self.say(*(f"| {' | '.join(figure(cell) for cell in row)} |" for row in rows))

    def at_most(self, what: str, found: float, target: float) -> None:
        """Hold a figure against the most that it may be."""
        self.targets.append((what, figure(found), f"at most {target:g}", found <= target))

    def at_least(self, what: str, found: float, target: float) -> None:
        """Hold a figure against the least that it may be."""
        self.targets.append((what, figure(found), f"at least {target:g}", found >= target))

    def close(self) -> int:
        """Print every target with pass or miss; return how many were missed."""
        self.section("Targets")
        rows = [
            (what, found, goal, "pass" if met else "MISS")
            for what, found, goal, met in self.targets
        ]
        self.table(("target", "found", "goal", "verdict"), rows)
        missed = sum(not met for *_, met in self.targets)
        self.say("", f"{len(rows) - missed} of {len(rows)} targets met.")
        return missed


def figure(cell: object) -> str:
    """Spell a cell: three significant digits for a measured number."""
    if isinstance(cell, float):
        return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return str(cell)
