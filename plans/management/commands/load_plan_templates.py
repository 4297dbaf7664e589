"""Bring the shipped plan templates in, for the clinic to use and to change."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from plans import templates
from scheduling.core.words import Actor


class Command(BaseCommand):
    """Load the shipped templates; a second run adds only what has become possible since."""

    help = "Load the shipped plan templates whose procedures the clinic has treatments for."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load them and say what became of each."""
        by = Actor(name="load_plan_templates")
        loaded = templates.load_shipped(by=by, now=datetime.now(UTC))
        for code in loaded.added:
            self.stdout.write(f"{code}: added")
        for code in loaded.kept:
            self.stdout.write(f"{code}: there already, left alone")
        for code, missing in loaded.waiting.items():
            self.stdout.write(f"{code}: waits for a treatment of {', '.join(missing)}")
        for code, sentences in loaded.refused.items():
            self.stdout.write(f"{code}: not kept. {' '.join(sentences)}")
