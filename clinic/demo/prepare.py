"""`python -m clinic.demo.prepare`: tables and rows in one process, which starts once, not twice."""

import django
from django.core.management import call_command


def prepare() -> None:
    """Migrate, load the demo clinic, and print each step and who may sign in."""
    print("migrating the database", flush=True)  # noqa: T201 -- the terminal is what it is for
    call_command("migrate", interactive=False, verbosity=0)
    print("loading the demo clinic", flush=True)  # noqa: T201
    call_command("seed_demo")


if __name__ == "__main__":
    django.setup()
    prepare()
