"""One visit to the site as it is set up on a server, by https through a proxy; prints what the answers carried.

`python -m tests.prove.secure_visit USERNAME PASSWORD`, with the environment of the server.
"""

import json
import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

BEHIND_TLS = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}


def main(username: str, password: str) -> None:
    from django.test import Client

    client = Client(HTTP_HOST=os.environ["ALLOWED_HOSTS"], raise_request_exception=False, **BEHIND_TLS)
    page = client.get("/accounts/sign-in/")
    entered = client.post("/accounts/sign-in/", {"username": username, "password": password})
    plain = Client(HTTP_HOST=os.environ["ALLOWED_HOSTS"]).get("/accounts/sign-in/")
    cookies = [morsel.OutputString() for answer in (page, entered) for morsel in answer.cookies.values()]
    told = {"entered": entered.status_code, "cookies": cookies, "headers": dict(page.headers)}
    sys.stdout.write(json.dumps(told | {"plain": [plain.status_code, plain.headers.get("Location", "")]}) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
    try:
        django.setup()
    except ImproperlyConfigured as reason:
        sys.exit(f"{reason}")
    main(*sys.argv[1:])
