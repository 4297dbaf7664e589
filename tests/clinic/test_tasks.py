from datetime import UTC, datetime

import time_machine
from django.conf import settings
from django.core.cache import cache

from clinic.celery import app
from clinic.tasks import PULSE, tick


@time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False)
def test_tick_notes_the_moment() -> None:
    tick()
    assert cache.get(PULSE) == datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()


def test_every_tick_of_beat_rings_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    rung = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert rung - set(app.tasks) == set()


def test_no_tick_outlives_its_turn() -> None:
    outliving = [
        name
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
        if entry["options"]["expires"] > max(15, entry["schedule"])
    ]
    assert outliving == []


def test_broker_gives_a_task_back_only_after_its_time_limit() -> None:
    lease = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert (app.conf.task_time_limit < lease, app.conf.result_backend) == (True, None)
