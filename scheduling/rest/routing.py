"""How doors are opened: with or without the slash at the end of their address."""

from rest_framework.routers import SimpleRouter


class Router(SimpleRouter):
    """Opens each door with or without the slash at its end: a redirected POST loses its body."""

    def __init__(self) -> None:
        """Make the slash optional."""
        super().__init__()
        self.trailing_slash = "/?"
