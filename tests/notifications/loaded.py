"""The house, loaded by whoever imports this: a process that others are forked from."""

import django

django.setup()

from notifications import outbox  # noqa: E402, F401
