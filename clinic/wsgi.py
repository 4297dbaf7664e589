"""The web server's door: `gunicorn clinic.wsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

application = get_wsgi_application()
settings.SECRET_KEY  # noqa: B018 -- stops the start, not the first sign-in, when it is missing
