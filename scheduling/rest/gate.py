"""Who may pass which door: a permission for each action, and nothing where none is named."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Gate(BasePermission):
    """Let a signed-in user through who holds the permission that the door's action `needs`.

    An action without an entry is closed to everybody. A method that the door does not have is
    let through to its 405.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Compare what the action needs with what the user holds."""
        if not request.user.is_authenticated:
            return False
        if view.action in (None, "metadata"):
            return True
        need = view.needs.get(view.action, "")
        return bool(need) and request.user.has_perm(need)
