"""The container's health check: `python -m labeling_ui.healthcheck` ends with 0 if the web process answers."""

import os
import urllib.request


def check(address: str = "http://127.0.0.1:8000/healthz") -> None:
    """Raises URLError when there is no good answer. Under a host name that the web accepts, as a visitor would."""
    host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().removeprefix(".")
    urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=4).close()  # nosec B310 # our own address


if __name__ == "__main__":
    check()
