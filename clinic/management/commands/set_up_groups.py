"""Give the clinic's groups exactly the rights they need, on every floor."""

from typing import Any

from django.core.management.base import BaseCommand

from clinic import groups


class Command(BaseCommand):
    """Make the groups; run it after every `migrate`."""

    help = "Create or mend the groups reception, clinician, manager and medical lead."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them and name them."""
        for name, group in groups.ensure().items():
            self.stdout.write(f"{name}: {group.permissions.count()} permissions")
