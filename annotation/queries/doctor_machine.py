"""This machine: its disk, its files, its settings, and the models in use."""

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host  # noqa: TID251 - the very rule by which the web takes a host

from annotation.models import ModelVersion
from annotation.models.scoring import ModelState
from annotation.queries.diagnosis import Check, bad, look, ok
from annotation.queries.invariants import wrong_hash

SECRETS = ("secret_key", "demo_accounts.json")
LEAST_FREE, SCARCE = 0.05, 0.10  # of the disk
MANIFEST = "manifest.json"


def checks() -> Iterator[Check]:
    yield _disk()
    yield _data_folder()
    yield _settings()


def models() -> Check:
    """The checkpoints of models in use, read and compared with their manifests."""
    active = ModelVersion.objects.filter(state=ModelState.ACTIVE).order_by("pk")
    broken = [f"{one} ({why})" for one in active for why in _wrong(settings.DATA_DIR / one.checkpoint, one.sha256)]
    if broken:
        do = "Put the files back from a backup, or let a round train a new selector."
        return bad("models in use", f"Lost or changed: {'; '.join(broken)}.", do)
    return ok("models in use", f"The files of all {len(active)} are whole.")


def _wrong(folder: Path, sha256: str) -> Iterator[str]:
    wrong = list(wrong_hash(folder, MANIFEST, sha256))
    yield from wrong
    if not wrong:
        for name, wanted in json.loads((folder / MANIFEST).read_bytes()).items():
            yield from wrong_hash(folder, name, wanted)


def _disk() -> Check:
    usage = shutil.disk_usage(_there(settings.DATA_DIR))
    share = usage.free / usage.total
    told = f"{usage.free / 2**30:.1f} GiB ({share:.0%}) are free below {settings.DATA_DIR}."
    do = "Make room: old exports, logs, backups on the same disk. A full disk stops imports, exports and training."
    if share < LEAST_FREE:
        return bad("disk", told, do)
    return look("disk", told, do) if share < SCARCE else ok("disk", told)


def _data_folder() -> Check:
    folder = settings.DATA_DIR
    if not os.access(_there(folder), os.W_OK | os.X_OK):
        return bad(
            "data folder", f"{folder} cannot be written to by this user.", "Give it to the user of the services."
        )
    open_to = [path for name in SECRETS if (path := folder / name).exists() and path.stat().st_mode & 0o077]
    if open_to:
        names = " ".join(map(str, open_to))
        return bad("data folder", f"Others may read {names}.", f"chmod 600 {names}")
    if folder.exists() and folder.stat().st_mode & stat.S_IWOTH:
        return bad("data folder", f"Everybody may write into {folder}.", f"chmod o-w {folder}")
    return ok("data folder", f"{folder} can be written to, and what is secret in it nobody else reads.")


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists already."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _settings() -> Check:
    if settings.LOCAL:
        return ok("settings", "A run on the own machine: nothing to set.")
    wrong = [*_contradictions()]
    if wrong:
        return bad("settings", " ".join(told for told, _do in wrong), " ".join(do for _told, do in wrong))
    if not settings.TRUSTED_PROXIES:
        do = "Behind a proxy that speaks TLS set TRUSTED_PROXIES=1, or every page sends its reader round in circles."
        return look("settings", "TRUSTED_PROXIES is 0: right only where nothing stands before the web.", do)
    return ok("settings", "Hosts, TLS, proxies and origins of forms fit together.")


def _contradictions() -> Iterator[tuple[str, str]]:
    """What is wrong, and what to do, beyond what the settings themselves refuse at the start."""
    if not settings.SECURE:
        yield "SECURE is off: cookies travel over plain http.", "Take SECURE=false out."
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if not validate_host(urlsplit(origin).hostname or "", settings.ALLOWED_HOSTS):
            yield (
                f"Forms may come from {origin}, but its host is not in ALLOWED_HOSTS.",
                "Add the host, or drop the origin.",
            )
