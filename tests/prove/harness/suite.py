"""Ordinary tests as a proof: how many of them hold, on the code as it is and with a line of it taken out."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Of the run that this is a part of: the tests start services and make folders of their own.
OURS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "STATIC_ROOT", "SECRET_KEY", "SECURE", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Outcome:
    passed: int
    failed: tuple[str, ...]
    skipped: int

    @property
    def tests(self):
        return self.passed + len(self.failed)

    def __str__(self):
        return f"{self.passed} of {self.tests} hold" + (f", {self.skipped} skipped" if self.skipped else "")


def run(*arguments, planted="", where=ROOT, seed=None):
    """pytest with these arguments, in a process of its own; `planted` is Python that spoils the code before; `where` it is;
    `seed` shuffles the tests."""
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / "planted_fault.py"
        # Imported when the tests are collected: Django is set up, and no test module has taken a copy yet.
        plugin.write_text(f"def pytest_sessionstart():\n    exec({planted!r}, {{}})\n")
        file = Path(folder) / "outcome.xml"
        order = ["-p", "no:randomly"] if seed is None else [f"--randomly-seed={seed}"]
        command = [sys.executable, "-m", "pytest", "-q", *order, "-p", "no:cacheprovider"]
        command += ["-p", "planted_fault", "-o", f"pythonpath={folder}", f"--junitxml={file}", *arguments]
        done = subprocess.run(command, cwd=where, env=environment(), capture_output=True, text=True, check=False)
        assert file.exists(), done.stdout[-3000:] + done.stderr[-3000:]
        return _read(file)


def environment():
    """Of a run of tests that stands for itself."""
    return {name: value for name, value in os.environ.items() if name not in OURS}


def _read(file):
    cases = ET.parse(file).getroot().iter("testcase")
    passed, failed, skipped = 0, [], 0
    for case in cases:
        found = {child.tag for child in case}
        if found & {"failure", "error"}:
            failed.append(case.get("name"))
        elif "skipped" in found:
            skipped += 1
        else:
            passed += 1
    return Outcome(passed, tuple(failed), skipped)
