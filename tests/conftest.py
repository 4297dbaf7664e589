"""What every test stands on; the servers themselves come from `tests/servers.py`."""

import gc

import pytest
from django.conf import settings
from django.core.cache import cache

from clinic.cache import ask_again
from tests import emptying, migrated, quicker  # noqa: F401 -- two change things on import


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy the worker's database from the one that is migrated already."""
    settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = migrated.name()


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what is there for the whole run, seven thousand tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_cache() -> None:
    """Forget throttles, pulses and memos of the test before."""
    ask_again()
    cache.clear()
