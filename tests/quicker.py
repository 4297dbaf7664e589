"""What a run of tests would do thousands of times, and does once: importing this sees to it."""

from collections import defaultdict
from typing import Any

from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware

# Hashing passwords slowly is for thieves; the suite signs in hundreds of times.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_listed: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
_by_looking: Any = WhiteNoiseMiddleware.add_files_from_finders


def _once(self: WhiteNoiseMiddleware) -> None:
    """List the apps' static files: each test's client has a handler of its own, and all find the same."""
    files = _listed[self.static_prefix, self.max_age, self.charset]
    if not files:
        _by_looking(self)
        files.update(self.files)
    self.files.update(files)


WhiteNoiseMiddleware.add_files_from_finders = _once
