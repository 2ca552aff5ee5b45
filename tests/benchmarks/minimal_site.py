"""The smallest site of Django that asks a session who it is and keeps one row: what the path of a label is measured by.

Served by gunicorn as it stands (`application`); `python -m tests.benchmarks.minimal_site 32` makes its tables and prints
the sessions of so many people.
"""

import json
import os
import sys

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.urls import path

DATABASE = environ.Env.db_url_config(os.environ["MINIMAL_DATABASE_URL"])
# A pool as ours (labeling_ui/wsgi.py): without one a thread of gunicorn would keep a connection or open one each time.
DATABASE["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 8, "timeout": 5}}
settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": DATABASE},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
application = get_wsgi_application()

from django.db import models  # noqa: E402 - models need an application


class Row(models.Model):
    user = models.BigIntegerField()
    body = models.JSONField()

    class Meta:
        app_label = "minimal"


def row(request):
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    made = Row.objects.create(user=request.user.pk, body=json.loads(request.body))
    answer = JsonResponse({"id": made.pk}, status=201)
    answer["Content-Length"] = len(answer.content)
    return answer


urlpatterns = [path("row", row)]


def main():
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    keys = []
    for number in range(int(sys.argv[1])):
        user = User.objects.create(username=f"person-{number}", password="!")
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session.create()
        keys.append(session.session_key)
    print(json.dumps(keys))


if __name__ == "__main__":
    main()
