"""Try a protocol on worked cases: one JSON object a line, exit 1 when one differs."""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from scheduling.core.casebook import Case, differences, read_cases, run
from scheduling.core.protocol import Protocol, Unreadable, parse, shipped

DIFFERS, UNREADABLE = 1, 2

T = TypeVar("T")


class Command(BaseCommand):
    """`manage.py try_protocol CASES.json [--protocol FILE | --version N] [--json]`."""

    help = (
        "Put worked cases to a clinical protocol and print one JSON object a line. "
        "Exit 0; 1 when an expected answer differs; 2 when a file cannot be read."
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let `--version` name a protocol version here, instead of Django's own."""
        kwargs.setdefault("conflict_handler", "resolve")
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the cases, and the protocol to try: the shipped one when none is named."""
        parser.add_argument("cases", metavar="CASES.json")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--protocol", metavar="FILE", help="a protocol document")
        which.add_argument(
            "--version", metavar="N", type=int, help="a protocol version of this installation"
        )
        parser.add_argument(
            "--json", action="store_true", help="print nothing but the JSON lines, also on stderr"
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Run every case; differences are named on standard error."""
        protocol = self._protocol(options)
        cases = _read(options["cases"], lambda document: read_cases(document, protocol))
        try:
            differing = sum(self._tried(case, protocol, options) for case in cases)
        except BrokenPipeError:  # `| head` has read enough; nothing may be flushed at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(UNREADABLE)
        if not options["json"]:
            self.stderr.write(f"{len(cases)} cases, {differing} differ")
        if differing:
            sys.exit(DIFFERS)

    def _tried(self, case: Case, protocol: Protocol, options: dict[str, Any]) -> bool:
        """Print what comes out; tell whether it is other than expected."""
        result = run(case, protocol)
        self.stdout.write(json.dumps(result.as_dict(), ensure_ascii=False))
        found = differences(case, result)
        if not options["json"]:
            for difference in found:
                self.stderr.write(f"{case.id}: {difference}")
        return bool(found)

    def _protocol(self, options: dict[str, Any]) -> Protocol:
        if options["protocol"]:
            return _read(options["protocol"], parse)
        if options["version"] is not None:
            return _stored(options["version"])
        return shipped()


def _read(name: str, read: Callable[[object], T]) -> T:
    """Read a JSON file and what it means; whatever is not understood ends the command with 2."""
    try:
        document = json.loads(Path(name).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{name}: $: {error}", returncode=UNREADABLE) from error
    try:
        return read(document)
    except Unreadable as error:
        raise CommandError(f"{name}: {error}", returncode=UNREADABLE) from error


def _stored(number: int) -> Protocol:
    """Read a protocol version of this installation: the only road that needs a database."""
    from scheduling.models import ProtocolVersion  # noqa: PLC0415 - files need no database

    try:
        version = ProtocolVersion.objects.get(number=number)
        return parse(version.document)
    except ProtocolVersion.DoesNotExist:
        problem = f"there is no protocol version {number}"
    except Unreadable as error:
        problem = f"protocol version {number}: {error}"
    except OperationalError as error:
        problem = f"protocol version {number}: no database answers: {error}"
    raise CommandError(problem, returncode=UNREADABLE)
