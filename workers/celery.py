"""The Celery application. Messages carry no meaning: they say that there may be work in PostgreSQL."""

import os

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down

from workers import liveness, stopping
from workers.routing import ROUTES
from workers.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")

app = Celery("stepmark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(task_routes=ROUTES, beat_schedule=SCHEDULE)
app.autodiscover_tasks(["workers"])
worker_ready.connect(liveness.watch)
worker_shutting_down.connect(stopping.tell)
