"""What every test stands on; the servers themselves come from `tests/servers.py`."""

import pytest
from django.conf import settings
from django.core.cache import cache

from clinic.cache import ask_again

# Hashing passwords slowly is for thieves; the suite signs in hundreds of times.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _own_cache() -> None:
    """Forget throttles, pulses and memos of the test before."""
    ask_again()
    cache.clear()
