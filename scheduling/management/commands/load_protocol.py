"""Bring the shipped clinical protocol in as a draft, for the medical lead to read."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from scheduling import protocols
from scheduling.core.words import Actor


class Command(BaseCommand):
    """Load the shipped protocol as version 1; a second run changes nothing."""

    help = "Load the shipped protocol as a draft that the medical lead activates in the admin."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it and say what is to be done next."""
        version = protocols.load_shipped(by=Actor(name="load_protocol"), now=datetime.now(UTC))
        self.stdout.write(f"{version}")
        if version.state == version.State.DRAFT:
            self.stdout.write("Nothing can be booked before a medical lead activates a version.")
