"""Which version of a row the caller has seen: `If-Match`, or `version` in the body."""

import re

from rest_framework.request import Request

from scheduling.errors import Malformed, StaleVersion

_TAG = re.compile(r'"?(\d{1,9})"?', re.ASCII)


def tag(version: int) -> dict[str, str]:
    """Write the ETag of a version."""
    return {"ETag": f'"{version}"'}


def expected(request: Request, body_version: int | None) -> int | None:
    """Answer the version that the caller expects; None when they say nothing, or `*`.

    A weak or foreign tag never matches (RFC 9110, 13.1.1: the comparison is strong).

    Raises:
        Malformed: header and body name two versions, or the header a list.
        StaleVersion: the tag is none of ours.

    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return body_version
    if "," in header:
        raise Malformed("Name one version in If-Match.")
    match = _TAG.fullmatch(header)
    if match is None:
        raise StaleVersion("That If-Match is no version that was given out here. Read it again.")
    version = int(match[1])
    if body_version not in (None, version):
        raise Malformed("If-Match and `version` name two different versions.")
    return version
