"""The web with Django's own Argon2 profile, and nobody waiting for their turn: what annotation/hashers.py is there for."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
os.environ.setdefault("DATABASE_POOL_SIZE", "8")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
