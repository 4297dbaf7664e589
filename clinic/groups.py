"""The groups of the whole house: what the ground floor gives, and what upper floors add."""

from collections.abc import Mapping

from django.apps import apps
from django.contrib.auth.models import Group

from scheduling import access

_READ_MESSAGES = frozenset(
    {
        "notifications.view_message",
        "notifications.view_optout",
        "notifications.view_breaker",
        "notifications.view_reply",
        "notifications.change_reply",
    }
)
_SEND_AGAIN = frozenset({"notifications.replay_message"})
_OPERATE = frozenset({"notifications.change_breaker"})
_WORDS = frozenset({"notifications.view_messagetext", "notifications.change_messagetext"})
_READ_CARE = frozenset({"notifications.view_carenote", "notifications.view_careanswer"})
_CARE = frozenset({"notifications.add_carenote", "notifications.change_carenote"})
_SEE_PHOTOS = frozenset({"notifications.view_carephoto"})
_READ_PLANS = frozenset({"plans.view_plan", "plans.view_plantemplate", "plans.work_plan"})
_MAKE_PLANS = frozenset({"plans.make_plan"})
_PRICES = frozenset(f"notifications.{verb}_smsprice" for verb in ("view", "add", "change"))
UPSTAIRS: Mapping[str, frozenset[str]] = {
    access.RECEPTION: _READ_MESSAGES | _SEND_AGAIN | _READ_PLANS | _READ_CARE,
    access.CLINICIAN: (
        _READ_MESSAGES | _READ_PLANS | _MAKE_PLANS | _READ_CARE | _CARE | _SEE_PHOTOS
    ),
    access.MANAGER: _READ_MESSAGES
    | _SEND_AGAIN
    | _OPERATE
    | _READ_PLANS
    | _WORDS
    | _READ_CARE
    | _PRICES,
}


def ensure() -> dict[str, Group]:
    """Make every group hold exactly its permissions."""
    names = {name for group in UPSTAIRS.values() for name in group}
    known = {name for name in names if _exists(name)}
    return access.ensure_groups({group: wanted & known for group, wanted in UPSTAIRS.items()})


def _exists(permission: str) -> bool:
    app, _, codename = permission.partition(".")
    return codename.partition("_")[2] in apps.all_models[app]
