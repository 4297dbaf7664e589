"""Write everything that the clinic owns into one zip of CSV files."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.core.words import Actor
from scheduling.transfer import exports


class Command(BaseCommand):
    """Write the zip, readable by its owner only; a file that is there is not overwritten."""

    help = "Write everything that the clinic owns into one zip of CSV files."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file's name."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the zip piece by piece."""
        path: Path = options["file"]
        try:
            door = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        with os.fdopen(door, "wb") as written:
            for piece in exports.everything(by=Actor(name="export_clinic"), now=datetime.now(UTC)):
                written.write(piece)
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes")
