"""The scanners of `make scan`, each as a list of what it found; an empty one is good.

A scanner that could not ask whom it has to ask raises NotAsked: its silence is no answer.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OURS = ("annotation", "labeling_ui", "active_learning", "workers", "manage.py")
# Keys that say by their form whose they are: nowhere. Words that only look like secrets: not outside tests, whose people
# have passwords, too.
BY_FORM = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector",
    "JwtTokenDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector",
    "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
BY_LOOKS = ("BasicAuthDetector", "Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
HASHES = re.compile(r"annotation/migrations/|/meta\.json$")  # of triggers and of weights
PLACEHOLDERS = {"password"}  # user:password@host in examples of addresses


class NotAsked(Exception):
    """The scanner did not get to the list of what is known to be bad."""


def dangerous_code(*places: str | Path) -> list[str]:
    """What bandit finds of medium severity or more, `# nosec` aside."""
    command = [BIN / "bandit", "-q", "-r", *places, "-x", "labeling_ui/node_modules", "-f", "json"]
    ran = _run([*command, "--severity-level", "medium"])
    report = json.loads(ran.stdout[ran.stdout.index("{") :])
    broken = [f"{one['filename']}: {one['reason']}" for one in report["errors"]]
    return broken + [f"{one['filename']}:{one['line_number']} {one['test_id']}" for one in report["results"]]


def vulnerable_packages(requirements: Path) -> list[str]:
    """The pinned packages that have a known vulnerability."""
    command = [BIN / "pip-audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    ran = _run([*command, "--timeout", "10", "-r", requirements])
    if not ran.stdout.strip():
        raise NotAsked((ran.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    packages = json.loads(ran.stdout)["dependencies"]
    if skipped := [one["name"] for one in packages if "skip_reason" in one]:
        raise NotAsked(f"{len(skipped)} packages were passed over, such as {skipped[0]}")
    return [f"{one['name']} {one['version']}: {bad['id']}" for one in packages for bad in one["vulns"]]


def written_secrets(names: list[str], root: Path = ROOT) -> list[str]:
    """What looks like a key or a password in these files."""
    tests = [name for name in names if name.startswith("tests/")]
    others = [name for name in names if name not in set(tests)]
    return _looked_through(tests, BY_FORM, root) + _looked_through(others, BY_FORM + BY_LOOKS, root)


def _looked_through(names: list[str], detectors: tuple[str, ...], root: Path) -> list[str]:
    found = SecretsCollection(root=str(root))
    with transient_settings({"plugins_used": [{"name": detector} for detector in detectors]}):
        for name in names:
            found.scan_file(name)
    return [f"{name}:{one.line_number} {one.type}" for name, one in found if not _is_known(name, one)]


def bill_of_materials(target: Path) -> dict[str, str]:
    """Name → version of all that is installed, as the file at `target` says."""
    ran = _run(["make", "--no-print-directory", "sbom", f"SBOM={target}"])
    if ran.returncode:
        raise NotAsked(ran.stderr.strip() or ran.stdout.strip())
    bill = json.loads(target.read_text())
    return {_canonical(one["name"]): one["version"].partition("+")[0] for one in bill["components"]}


def pinned() -> dict[str, str]:
    """Name → version of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if "==" in line]
    return {_canonical(name): version for name, version in pins}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_known(name: str, secret) -> bool:
    is_hash = secret.type == "Hex High Entropy String" and HASHES.search(name)
    return bool(is_hash) or secret.secret_value in PLACEHOLDERS


def _run(command: list) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
