"""Plan written courses without a database: one JSON object a line."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plans.core.casebook import Instance, answered, read_instances
from scheduling.core.protocol import Unreadable

UNREADABLE = 2


class Command(BaseCommand):
    """`manage.py solve_plans INSTANCES.json`."""

    help = (
        "Place the courses of a file, all sessions of each at once, and print one JSON object a "
        "line: starts, resources, end and cost, or the reason why there is no plan. "
        "Exit 0, also for courses without a plan; 2 when the file cannot be read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("instances", metavar="INSTANCES.json")

    def handle(self, *args: object, **options: Any) -> None:
        """Plan every course in its turn, each line as soon as it is known."""
        for instance in _read(options["instances"]):
            self.stdout.write(json.dumps(answered(instance), ensure_ascii=False))
            self.stdout.flush()


def _read(name: str) -> list[Instance]:
    """Read the file and what it means; whatever is not understood ends the command with 2."""
    try:
        document = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{name}: $: {error}", returncode=UNREADABLE) from error
    try:
        return read_instances(document)
    except Unreadable as error:
        raise CommandError(f"{name}: {error}", returncode=UNREADABLE) from error
