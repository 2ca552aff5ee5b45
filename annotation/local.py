"""The local default: where no DATABASE_URL is given, everything is found from the data folder alone.

So a command in a second terminal reaches the PostgreSQL and the Valkey that `manage.py up` runs, without any settings.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

SOCKET_PATH_BYTES = 108  # sun_path in unix(7), with its closing zero


def socket_dir(data_dir: Path) -> Path:
    """Where the unix sockets lie: beside the data, or in /tmp where the path would be too long for a socket."""
    beside = data_dir.resolve() / "sockets"
    if len(os.fsencode(beside / ".s.PGSQL.5432.lock")) < SOCKET_PATH_BYTES:
        return beside
    name = hashlib.sha256(os.fsencode(beside)).hexdigest()[:12]
    # Not TMPDIR, which may differ in the second terminal. A folder there that is somebody else's is refused.
    return Path("/tmp") / f"stepmark-{os.getuid()}-{name}"  # nosec B108


def database_url(data_dir: Path) -> str:
    return f"postgresql://stepmark@/stepmark?host={quote(str(socket_dir(data_dir)))}"


def redis_url(data_dir: Path) -> str:
    return f"redis+socket://{quote(str(socket_dir(data_dir)))}/valkey.sock?virtual_host=0"


def secret_key(data_dir: Path) -> str:
    """The key of this data folder, made at the first call and readable by its owner only."""
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # Written whole beside its place and linked there: of processes that start together one wins, and none reads
        # half a key.
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".secret_key-") as made:
            made.write(secrets.token_urlsafe(64))
            made.flush()
            with contextlib.suppress(FileExistsError):
                os.link(made.name, path)
    return path.read_text()


def address(data_dir: Path) -> str:
    """Where the pages of this data folder are served, as `manage.py up` last said."""
    said = data_dir / "address"
    return said.read_text() if said.exists() else "http://127.0.0.1:8000"


def say_address(data_dir: Path, url: str) -> None:
    (data_dir / "address").write_text(url)
