"""What a run of tests would do thousands of times, and does once: importing this sees to it."""

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.template import Context, Template
from django.test import utils
from django.test.signals import template_rendered
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


def _told(self: Template, context: Context) -> str:
    """Render, and tell a test's client of what is a page or a form's field, not of what it includes.

    A page of the admin is made of a thousand pieces, an option of a select is one; Django copies
    the context of each. What a page was given (`response.context`) is that of the page itself.
    """
    if context.template is self:
        template_rendered.send(sender=self, template=self, context=context)
    return self.nodelist.render(context)


utils.instrumented_test_render = _told
