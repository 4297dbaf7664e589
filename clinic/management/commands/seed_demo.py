"""Fill the demo clinic: two addresses, people, treatments, patients with stories, visits, courses."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clinic import groups
from clinic.demo import accounts, courses, people, places, texts, visits
from plans import reports, templates
from scheduling import protocols
from scheduling.core.words import Actor
from scheduling.papers import consents
from scheduling.reports import waits

HOUSE = Actor(name="demo")


class Command(BaseCommand):
    """Load the demo clinic; a second run adds only what the passing days have made stale."""

    help = "Load the demo clinic. Its passwords are public: refused where strangers can reach it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill every room, then print who may sign in."""
        if not settings.LOCAL:
            raise CommandError("The demo's passwords are public; it loads on localhost only.")
        now = datetime.now(UTC)
        with transaction.atomic():
            self.protocol(now)
            places.furnish(by=HOUSE, now=now)
            templates.load_shipped(by=HOUSE, now=now)
            consents.load_shipped(by=HOUSE, now=now)
            lines = accounts.open_accounts(groups.ensure())
            cast = people.enrol(by=HOUSE, now=now)
            desk = visits.Desk(
                cast=cast,
                by=accounts.actor("reception"),
                clinician=accounts.actor("clinician"),
                now=now,
            )
            visits.fill(desk)
            courses.fill(desk)
            texts.fill(desk)
        waits.measure_early(now=now)
        reports.read(now=now)
        for line in lines:
            self.stdout.write(line)

    def protocol(self, now: datetime) -> None:
        """Put the shipped protocol in force: a demo has no medical lead to wait for."""
        version = protocols.load_shipped(by=HOUSE, now=now)
        if protocols.active() is None:
            protocols.activate(version_id=version.pk, by=HOUSE, now=now)
