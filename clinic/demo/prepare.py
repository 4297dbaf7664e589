"""`python -m clinic.demo.prepare TABLES`: tables and rows in one process, which starts once.

It makes the file TABLES once there are tables: what works on them need not wait for the rows.
"""

import sys
from pathlib import Path

import django
from django.core.management import call_command


def prepare(tables: Path) -> None:
    """Migrate, load the demo clinic, and print each step and who may sign in."""
    print("migrating the database", flush=True)  # noqa: T201 -- the terminal is what it is for
    call_command("migrate", interactive=False, verbosity=0)
    tables.touch()
    print("loading the demo clinic", flush=True)  # noqa: T201
    call_command("seed_demo")


if __name__ == "__main__":
    django.setup()
    prepare(Path(sys.argv[1]))
