"""The screens of plans: thin doors to the verbs, one module a noun."""

from plans.admin import templates

__all__ = ["templates"]
