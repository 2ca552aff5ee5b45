#!/usr/bin/env python
"""Every command of the project: `python manage.py help`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as reason:
        sys.exit(f"Stepmark does not start: {reason}")
    except OperationalError as reason:
        sys.exit(f"The database does not answer: {reason}\nIs Stepmark running? Start it first: make run")
