"""What a visitor meets on the way through the proxy. Asked only where an operator names the address."""

import urllib.error
import urllib.request

from annotation.queries.diagnosis import Check, bad, ok

PATIENCE_SECONDS = 10
# The first is exempt from the way to https and asks the database; the second is a page like any other.
PATHS = ("/readyz", "/accounts/sign-in/")


def proxy(url: str) -> Check:
    """Fetch two pages as anybody would."""
    try:
        for path in PATHS:
            _fetch(url.rstrip("/") + path)
    except urllib.error.HTTPError as error:
        return bad("proxy", f"{error.url} answers {error.code} {error.reason}.", _advice(error.code))
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        do = "Look at the name, the certificate, and whether the proxy runs."
        return bad("proxy", f"{url} cannot be reached: {reason}.", do)
    return ok("proxy", f"{url} leads here.")


def _fetch(url: str) -> None:
    if not url.startswith(("https://", "http://")):
        raise ValueError("an address begins with https://")
    urllib.request.urlopen(url, timeout=PATIENCE_SECONDS).close()  # nosec B310 # looked at above


def _advice(status: int) -> str:
    return {
        400: "Add the host name to ALLOWED_HOSTS.",
        301: "It goes round in circles: let the proxy set X-Forwarded-Proto, and set TRUSTED_PROXIES to 1.",
        503: "See the lines above: the database is away, or migrations are missing.",
    }.get(status, "See the logs of the proxy and of the web.")
