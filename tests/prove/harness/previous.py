"""Code of versions before this one, which runs in the place of ours."""

import shutil
import subprocess

import pytest

from workers.processes import ROOT

# As long as nothing is released: one with three migrations fewer, and the first that made backups.
EARLIER = "b4e888edcf94a7f72a08361c67f4901cbb277971"
FIRST_WITH_BACKUPS = "55d31bc9388c6053a360ec457a60320fd59b2b65"


def release():
    """The newest one before the present commit."""
    said = _git("describe", "--tags", "--abbrev=0", "HEAD^")
    return said.stdout.decode().strip() or FIRST_WITH_BACKUPS


def checked_out(commit, folder):
    """Its files in a new folder, with our harness. Skips the test where the clone does not hold them."""
    packed = _git("archive", commit)
    if packed.returncode:
        pytest.skip(f"this clone does not hold the version {commit[:12]}")
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    shutil.copytree(ROOT / "tests" / "prove", folder / "tests" / "prove", dirs_exist_ok=True)
    return folder


def _git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
