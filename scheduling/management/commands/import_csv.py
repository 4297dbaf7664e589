"""Take files of another system in, or the zip of `export_clinic`: looked over first, then written."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.core.words import Actor
from scheduling.errors import ClinicError
from scheduling.models import Intake, IntakeRow
from scheduling.transfer import foreign, intakes, kinds, verdicts
from scheduling.transfer.cells import DATES
from scheduling.transfer.exports import path_of
from scheduling.transfer.tables import ENCODINGS, MOST_BYTES

BY = Actor(name="import_csv")
SHOWN = 20


class Command(BaseCommand):
    """Say what would become of every row; with --write, take the file in exactly so."""

    help = (
        "Look a CSV file of another system over, or the zip of export_clinic; --write takes it in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, what is declared of it, and whether it is to be written."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=[kind.code for kind in kinds.every()])
        parser.add_argument("--source", required=True, help="name of the other system, one word")
        parser.add_argument("--dates", choices=list(DATES), default="", help="order of its dates")
        parser.add_argument("--encoding", choices=ENCODINGS, default="")
        parser.add_argument("--delimiter", choices=["comma", "semicolon", "tab"], default="")
        parser.add_argument(
            "--called",
            action="append",
            default=[],
            metavar="THEIRS=OURS",
            help="a column that has another name there; THEIRS=- leaves it out; may be repeated",
        )
        parser.add_argument(
            "--replace-from",
            type=date.fromisoformat,
            metavar="DATE",
            help="opening hours: from this date on in place of those that stand",
        )
        parser.add_argument(
            "--verdicts", type=Path, metavar="FILE", help="write the verdict on every row there"
        )
        parser.add_argument("--write", action="store_true", help="take it in, all or nothing")
        parser.add_argument("--leave-out", action="store_true", help="though rows are refused")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, look over, and write when asked."""
        path: Path = options["file"]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        if content.startswith(b"PK\x03\x04"):
            self._zip(content, options)
            return
        if options["kind"] is None:
            raise CommandError("Say which --kind of file this is.")
        self._one(path.name, content, options["kind"], options)

    def _zip(self, content: bytes, options: dict[str, Any]) -> None:
        try:
            archive = ZipFile(BytesIO(content))
        except BadZipFile as error:
            raise CommandError("The zip file is damaged.") from error
        named = set(archive.namelist())
        for kind in kinds.every():
            if (name := path_of(kind)) not in named:
                continue
            if archive.getinfo(name).file_size > MOST_BYTES:
                raise CommandError(f"{name} is larger than 10 MB; take it in by itself, in parts.")
            each = archive.read(name)
            if each.count(b"\n") > 1:
                self._one(name, each, kind.code, options)

    def _one(self, name: str, content: bytes, kind: str, options: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        separators = {"comma": ",", "semicolon": ";", "tab": "\t", "": ""}
        handed = intakes.Handed(
            name=name,
            content=content,
            kind=kind,
            source=options["source"],
            dates=options["dates"],
            encoding=options["encoding"],
            delimiter=separators[options["delimiter"]],
            since=options["replace_from"],
        )
        try:
            handed = replace(handed, called=foreign.read("\n".join(options["called"])))
            intake = intakes.receive(handed=handed, by=BY, now=now)
            intake = intakes.look_over(intake_id=intake.pk, by=BY, now=now)
            self._tell(intake)
            self._keep_verdicts(intake, now, options["verdicts"])
            if options["write"]:
                self._write(intake, now, leave_out=options["leave_out"])
        except ClinicError as error:
            raise CommandError(f"{name}: {error.sentence}") from error

    def _keep_verdicts(self, intake: Intake, now: datetime, path: Path | None) -> None:
        if path is None:
            return
        try:
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.writelines(verdicts.told(intake_id=intake.pk, wanted="", by=BY, now=now))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error

    def _write(self, intake: Intake, now: datetime, *, leave_out: bool) -> None:
        refused = intake.counts.get("refused", 0) if leave_out else 0
        agreed = intakes.Agreed(sha256=intake.sha256, seen=intake.seen, leaving_out=refused)
        intakes.write(intake_id=intake.pk, agreed=agreed, by=BY, now=now)
        self.stdout.write(f"{intake.name}: written")

    def _tell(self, intake: Intake) -> None:
        counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(intake.counts.items()))
        self.stdout.write(f"{intake.name}: {counted}")
        rows = intake.rows.filter(
            verdict__in=[IntakeRow.Verdict.REFUSED, IntakeRow.Verdict.FLAGGED]
        )
        for row in rows[:SHOWN]:
            self.stdout.write(f"  line {row.line}: {row.verdict}: {row.sentence}")
        if (more := rows.count() - SHOWN) > 0:
            self.stdout.write(f"  and {more} more")
