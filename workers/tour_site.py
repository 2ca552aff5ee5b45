"""A whole Stepmark of its own for a tour: everything that `manage.py up` runs, in a folder, on a free port."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from annotation import local
from workers.browser import Browser
from workers.processes import ROOT, Keeper, Program
from workers.supervisor import wait_until_ready

LAST_LINES = 15


class TourFailed(Exception):
    """A step of the tour did not do what it should; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Site:
    folder: Path
    url: str
    environment: Mapping[str, str]
    keeper: Keeper

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def wait_until_ready(self) -> None:
        """Raises processes.StartFailed."""
        wait_until_ready(self.keeper, f"{self.url}/readyz")

    def manage(self, *arguments: object) -> str:
        """Run a command as in a second terminal and give its output. Raises TourFailed."""
        return self._run("manage.py", *arguments)

    def science(self, *arguments: object) -> str:
        """Run a program of the science and give its output. Raises TourFailed."""
        return self._run("-m", "active_learning", *arguments)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What PostgreSQL itself holds, past all of our code."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def accept_invitation(self, link: str, username: str) -> Browser:
        """A browser that has followed the link and chosen a password; close it."""
        browser = Browser(self.url)
        form = {"username": username, "password": secrets.token_urlsafe(16)}
        browser.submit(link.strip().removeprefix(self.url), form)
        return browser

    def _run(self, *arguments: object) -> str:
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            end = "\n".join((done.stdout + done.stderr).splitlines()[-LAST_LINES:])
            raise TourFailed(f"{' '.join(command[1:])} ended with status {done.returncode}:\n{end}")
        return done.stdout


@contextmanager
def starting_site(folder: Path) -> Iterator[Site]:
    """Start it, and stop it when the block ends."""
    url = f"http://127.0.0.1:{_free_port()}"
    environment = _environment(folder / "data")
    up = (sys.executable, "manage.py", "up", "--data", str(folder / "data"), "--port", url.rpartition(":")[2])
    # Empty addresses make it start services of its own; it ends them even when we are killed.
    own = environment | {"DATABASE_URL": "", "REDIS_URL": ""}
    with Keeper(folder / "logs") as keeper:
        keeper.start(Program("up", up, own, death_signal=signal.SIGTERM, patience_seconds=120))
        yield Site(folder, url, environment, keeper)


def _environment(data: Path) -> dict[str, str]:
    """All that could lead us to somebody's real data or models is set."""
    return os.environ | {
        "DATA_DIR": str(data),
        "DATABASE_URL": local.database_url(data),
        "REDIS_URL": local.redis_url(data),
        "SECRET_KEY": secrets.token_urlsafe(64),
        "SECURE": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
        "BASE_MODEL": "toy",
        "OMP_NUM_THREADS": "1",  # several programs of the science share few cores
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
