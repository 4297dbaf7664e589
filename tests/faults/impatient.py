"""Celery with little patience: what is not acknowledged within a second is handed over again.

`celery -A tests.faults.impatient worker`; the real time is ten minutes (`clinic/settings.py`), and
a test cannot wait for so long.
"""

from clinic.celery import app

VISIBLE = 1.0
"""Seconds after which a task that nobody has acknowledged is somebody else's."""

options = {**app.conf.broker_transport_options, "visibility_timeout": VISIBLE}
app.conf.update(broker_transport_options=options)
