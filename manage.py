#!/usr/bin/env python
"""The door for commands: `uv run manage.py demo` is the one to try first."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    settings = "clinic.demo.settings" if sys.argv[1:2] == ["demo"] else "clinic.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    execute_from_command_line(sys.argv)
