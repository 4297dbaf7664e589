"""The screens of plans: thin doors to the verbs, one module a noun."""

from plans.admin import plans, templates

__all__ = ["plans", "templates"]
