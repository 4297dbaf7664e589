"""A provider's report that arrives, over HTTP at the running app, before we have committed ours."""

from collections.abc import Callable
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import UUID

import pytest
from pytest_django.live_server_helper import LiveServer

from notifications.models import Attempt, Message, Receipt
from tests.faults import invariants, points
from tests.faults.crowd import Scene
from tests.faults.senders import KILLED, Life
from tests.notifications.inbound import post

STATES = {"sent": "accepted", "delivered": "delivered", "undelivered": "undelivered"}


def reporting(
    scene: Scene, home: LiveServer, status: str, token: str = post.TOKEN
) -> Callable[[str], int]:
    """Report a text as Twilio does, from the thread in which it was accepted."""

    def report(ref: str) -> int:
        taken = [t.ref for t in scene.truth.taken]
        address = f"/webhooks/twilio/status/{ref}/"
        said = {"MessageSid": f"SM{taken.index(ref) + 1:032x}", "MessageStatus": status}
        said |= {"ErrorCode": "30003"} if status == "undelivered" else {}
        signed = {"X-Twilio-Signature": post.signature(address, said, token)}
        asked = Request(f"{home.url}{address}", urlencode(said).encode(), signed)  # noqa: S310 - ours
        try:
            with urlopen(asked, timeout=20) as answer:  # noqa: S310 - our own http address
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    return report


def of_texts(scene: Scene, report: Callable[[str], int], answers: list[int]) -> None:
    def after(ref: str) -> None:
        if any(t.ref == ref and t.channel == "sms" for t in scene.truth.taken):
            answers.append(report(ref))

    scene.truth.after = after


@pytest.mark.parametrize("survives", [True, False], ids=["sender lives", "sender dies"])
@pytest.mark.parametrize("status", list(STATES))
def test_a_report_that_comes_before_our_commit(
    scene: Scene,
    live_server: LiveServer,
    settings: object,
    times: Callable[[int], int],
    status: str,
    survives: bool,  # noqa: FBT001 - parametrized
) -> None:
    """It settles the message: whoever dies then leaves nothing that is uncertain."""
    settings.TWILIO_AUTH_TOKEN = post.TOKEN  # type: ignore[attr-defined]
    answers: list[int] = []
    of_texts(scene, reporting(scene, live_server, status), answers)
    for _ in range(times(20)):
        scene.truth.clock.now = scene.truth.clock.now
        scene.crowd(1)
        life = Life(
            now=scene.truth.clock.now, point=points.ANSWERED, channel="sms", survives=survives
        )
        assert scene.nursery.run(life) == [0 if survives else KILLED]
        newest = next(t for t in reversed(scene.truth.taken) if t.channel == "sms")
        assert Message.objects.get(ref=UUID(newest.ref)).state == STATES[status]
    assert answers == [204] * times(20)
    horizon = scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, 2 * times(20)) == []
    assert not Attempt.objects.filter(outcome="unknown", message__channel="sms").exists()
    assert Receipt.objects.filter(merged="moved").count() == times(20)


def test_a_forged_report_settles_nothing(
    scene: Scene, live_server: LiveServer, settings: object
) -> None:
    """The other side: what the dead sender leaves is uncertain, and is looked up."""
    settings.TWILIO_AUTH_TOKEN = post.TOKEN  # type: ignore[attr-defined]
    answers: list[int] = []
    of_texts(scene, reporting(scene, live_server, "delivered", token="guessed"), answers)
    scene.crowd(1)
    life = Life(now=scene.truth.clock.now, point=points.ANSWERED, channel="sms")
    assert scene.nursery.run(life) == [KILLED]
    assert answers == [403]
    assert Message.objects.filter(channel="sms", state="sending").count() == 1
    scene.come_to_rest()
    assert Attempt.objects.filter(outcome="unknown", message__channel="sms").count() == 1
    assert invariants.sent_twice(scene.truth) == []
