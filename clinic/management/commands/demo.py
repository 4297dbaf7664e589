"""`manage.py demo`: the whole house on this machine."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clinic.demo.house import House, Wishes
from clinic.demo.processes import Broke
from clinic.programs import NoServer


class Command(BaseCommand):
    """Run a demo clinic: database, web server, worker, beat and sinks; Ctrl-C ends all."""

    help = "Run a demo clinic on this machine: nothing else needs to be installed or running."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the flags."""
        parser.add_argument("--port", type=int, default=8000, help="web port (default 8000)")
        parser.add_argument("--fresh", action="store_true", help="delete the demo's data first")
        parser.add_argument(
            "--fast-reminders",
            action="store_true",
            help="send reminders seconds after booking instead of days before the visit",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        wishes = Wishes(
            base=settings.BASE_DIR,
            var=settings.VAR,
            port=options["port"],
            fresh=options["fresh"],
            fast_reminders=options["fast_reminders"],
        )
        try:
            House(wishes, self.say).run()
        except (Broke, NoServer) as error:
            raise CommandError(str(error)) from error

    def say(self, line: str) -> None:
        """Print a line at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()
