"""Measure Fallow against floors taken in the same run. `uv run benchmarks/run.py --help`."""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import servers
from benchmarks.report import Report

SECTIONS = (
    "search", "peers", "booking", "reminders", "daylist", "diary", "board", "plans", "reports",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="1", help="clinics side by side, such as 1,10,100")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    parser.add_argument("--smoke", action="store_true", help="a few rounds, to see that all runs")
    parser.add_argument("--migrated", help="a database that is migrated already, to copy")
    parser.add_argument("--output", type=Path, help="also write the Markdown here")
    chosen = parser.parse_args()
    chosen.scale = sorted({1, *(int(word) for word in chosen.scale.split(","))})
    chosen.only = chosen.only.split(",")
    if unknown := set(chosen.only) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    return chosen


def main() -> int:
    """Run the sections asked for; the exit code tells whether one could not run."""
    chosen = arguments()
    warnings.simplefilter("ignore", DeprecationWarning)  # fork beside numpy's idle threads
    report = Report()
    with servers.running(durable=not chosen.smoke) as titles:
        report.say("# Benchmarks", "", f"Machine: {servers.facts()}.")
        print(f"Servers: {titles}.", flush=True)
        run(report, chosen)
    missed = report.close()
    if chosen.output:
        chosen.output.write_text("\n".join(report.lines) + "\n", encoding="utf-8")
    print(f"{missed} missed." if missed else "All met.")
    return 0


def run(report: Report, chosen: argparse.Namespace) -> None:
    """Build W at each scale, and measure."""
    import django

    django.setup()
    logging.disable(logging.ERROR)  # a line a request, on this terminal, is nobody's floor
    (Path(os.environ["FALLOW_VAR"]) / "static").mkdir()
    from benchmarks import board, booking, daylist, diary, peers, plans, reminders, reports, search
    from benchmarks.stations import Station

    built = databases(report, chosen)
    database, clinic = built[1]
    sections: dict[str, Callable[[], None]] = {
        "search": lambda: search.measure(report, built, smoke=chosen.smoke),
        "peers": lambda: with_station(peers.measure),
        "booking": lambda: booking.measure(report, database, clinic, smoke=chosen.smoke),
        "reminders": lambda: reminders.measure(report, database, smoke=chosen.smoke),
        "daylist": lambda: daylist.measure(report, database, clinic, smoke=chosen.smoke),
        "diary": lambda: diary.measure(report, database, clinic, smoke=chosen.smoke),
        "board": lambda: board.measure(report, database, clinic, smoke=chosen.smoke),
        "plans": lambda: plans.measure(report, database, smoke=chosen.smoke),
        "reports": lambda: reports.measure(report, database, clinic, smoke=chosen.smoke),
    }

    def with_station(measure: Callable[..., None]) -> None:
        with Station.at(database) as station:
            measure(report, station, clinic, servers.create("peer"), smoke=chosen.smoke)

    for name in SECTIONS:
        if name in chosen.only:
            sections[name]()


def databases(report: Report, chosen: argparse.Namespace) -> dict[int, tuple[str, "object"]]:
    """Make a database a scale; give its name and its first clinic."""
    from django.core.management import call_command

    from benchmarks import workload

    if chosen.smoke:  # nothing is measured, all is only to run: a tenth of the visits will do
        for name in ("VISITS", "WITH_ROOM", "WITH_DEVICE"):
            setattr(workload, name, getattr(workload, name) // 10)
    blank = servers.create("blank", template=chosen.migrated)
    servers.use(blank)
    call_command("migrate", verbosity=0)
    built: dict[int, tuple[str, object]] = {}
    for scale in chosen.scale:
        name = servers.create(f"w{scale}", template=blank)
        servers.use(name)
        clinics = workload.build(scale)
        built[scale] = (name, clinics[0])
        rows = workload.busy_rows() * scale
        report.say("", f"W x {scale}: {workload.VISITS * scale:,} visits, {rows:,} busy rows.")
    servers.leave()
    return built


if __name__ == "__main__":
    sys.exit(main())
