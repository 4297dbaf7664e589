"""The settings of the demo's first process: it only starts others, and without apps starts sooner."""

from clinic.settings import *  # noqa: F403 -- the same house, but for the apps

INSTALLED_APPS = ["clinic.apps.ClinicConfig"]
