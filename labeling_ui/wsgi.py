import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
os.environ.setdefault("DATABASE_POOL_SIZE", "8")
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT", "5s")
# What is loaded stays: looking through it for garbage would make it load slower, and later stop all threads of the process
# for the tenth of a second that a whole collection takes.
gc.disable()
application = get_wsgi_application()
# Loads all views before the process takes a request: those who come after a reload or a crash would wait for it, seconds
# where many ask at once.
resolve("/healthz")
gc.freeze()
gc.enable()
