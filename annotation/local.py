"""The local default: where no DATABASE_URL is given, everything is found from the data folder alone.

So a command in a second terminal reaches the PostgreSQL and the Valkey that `manage.py up` runs, without any settings.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path


def socket_dir(data_dir: Path) -> Path:
    """A short folder for the unix sockets: their whole path must stay under 108 bytes."""
    name = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"stepmark-{os.getuid()}-{name}"


def database_url(data_dir: Path) -> str:
    return f"postgres://stepmark@{str(socket_dir(data_dir)).replace('/', '%2F')}/stepmark"


def redis_url(data_dir: Path) -> str:
    return f"redis+socket://{socket_dir(data_dir)}/valkey.sock?virtual_host=0"


def secret_key(data_dir: Path) -> str:
    """The key of this data folder, made at the first call and readable by its owner only."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(64))
    return path.read_text()
