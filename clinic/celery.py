"""The doorbell: `celery -A clinic worker` and `celery -A clinic beat`.

Run workers with `--without-gossip --without-mingle`: both only serve fleets, and an idle pub/sub
connection that dies has left workers deaf for hours.
"""

import os

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_init.connect(weak=False)  # type: ignore[untyped-decorator]
def show_life(**_: object) -> None:
    """Tick when beat starts, not only an interval later: `/readyz` waits for it."""
    app.send_task("clinic.tasks.tick", expires=15)
