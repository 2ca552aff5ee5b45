"""A small disk of its own, to be filled to the last byte."""

import os
import subprocess
from contextlib import contextmanager, suppress

import pytest

BALLAST = "ballast"


class Volume:
    def __init__(self, folder):
        self.folder = folder

    def room(self):
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_bsize

    def fill(self, *, but=0):
        """Leave so many bytes; called again it takes what was given back meanwhile."""
        with (self.folder / BALLAST).open("ab") as file:
            while (wanted := self.room() - but) > 0:
                with suppress(OSError):  # somebody else was faster
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, wanted)

    def free(self):
        (self.folder / BALLAST).unlink(missing_ok=True)


@contextmanager
def mounted(folder, *, megabytes):
    """A disk of that size on an empty folder. Skips the test where none can be had."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "stepmark-prove", folder]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here, which takes root: {done.stderr.strip()}")
    try:
        yield Volume(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
