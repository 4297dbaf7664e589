"""Seal every photo with the newest of FALLOW_PHOTO_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from notifications.care import photos


class Command(BaseCommand):
    """Change the keys of photos without losing any."""

    help = "Seal every photo with the newest of FALLOW_PHOTO_KEYS, so that older keys can go."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal them one by one; may be stopped and run again."""
        self.stdout.write(f"{photos.reseal()} photos sealed with the newest key")
