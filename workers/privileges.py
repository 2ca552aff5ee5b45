"""PostgreSQL refuses to run as root: the account that it gets instead, and how a child becomes it."""

import ctypes
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2  # capabilities(7)
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 1 << 2  # prctl(2)
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h


@dataclass(frozen=True)
class Account:
    """A user that a child runs as. `capability`: the one right of root that it keeps, or None."""

    uid: int
    gid: int
    capability: int | None = None


def service_account(*paths: Path, owned: Path) -> Account | None:
    """Who runs the embedded services: we ourselves, or, when we are root, a user without rights.

    An existing `owned` folder decides by its owner. Where that user cannot enter the folders above `paths` (a project
    under /root, say), it keeps the right to pass through; opening the folders to everybody would be the worse way.
    """
    if os.geteuid() != 0:
        return None
    account = pwd.getpwuid(owned.stat().st_uid) if owned.exists() else _unprivileged()
    folders = {folder for path in paths for folder in path.resolve().parents if folder.exists()}
    closed = any(not folder.stat().st_mode & stat.S_IXOTH for folder in folders)
    return Account(account.pw_uid, account.pw_gid, _passing_right() if closed else None)


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _passing_right() -> int | None:
    lines = Path("/proc/self/status").read_text().splitlines()
    held = int(next(line.split()[1] for line in lines if line.startswith("CapPrm:")), 16)
    # The narrower of the two first; containers commonly withhold it.
    return next((right for right in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held & 1 << right), None)


def become(account: Account) -> None:
    """Turn this process, still root, into the account for good. Runs between fork and exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    if account.capability is not None:
        # Without this bit access(2) would judge by the user alone, and PostgreSQL asks it about its own binary.
        _check(libc.prctl(PR_SET_SECUREBITS, ctypes.c_ulong(SECBIT_NO_SETUID_FIXUP)))
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.capability is not None:
        mask = 1 << account.capability
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(mask, mask, mask)  # effective, permitted, inheritable; the upper 32 bits are empty
        _check(libc.capset(header, sets))
        _check(
            libc.prctl(
                PR_CAP_AMBIENT,
                ctypes.c_ulong(PR_CAP_AMBIENT_RAISE),
                ctypes.c_ulong(account.capability),
                ctypes.c_ulong(0),
                ctypes.c_ulong(0),
            )
        )


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "cannot leave the service one right of root")
