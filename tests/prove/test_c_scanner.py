"""C12: what a scanner of others (wapiti) finds in the pages, as a labeler and as a lead."""

import json
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.prove.harness.labelers import CSRF
from tests.prove.harness.site import SLUG

# Not ssrf: it asks a server of wapiti's makers what it was sent.
MODULES = "xss,permanentxss,sql,timesql,csrf,file,exec,crlf,redirect,http_headers,csp,cookieflags,methods"
MEDIUM = 2
SECONDS = 120  # of looking for pages, and of each module
HOW_TO = "no wapiti here: pipx install wapiti3, or pip install wapiti3 in an environment of its own that is on the PATH"
# What only they see, so that a scan that stayed at the door is none.
OWN_PAGES = {"labeler": f"/p/{SLUG}/label/", "lead": f"/p/{SLUG}/people/"}
# Whoever opens these is signed out, or asked for a code from then on.
NOT_OPENED = ("accounts/sign-out", "accounts/security/sign-out", "accounts/second-factor")


@dataclass(frozen=True)
class Scan:
    pages: set[str]  # that were there
    findings: list[str]  # of medium severity or more

    def __str__(self):
        return f"{len(self.findings)} in {len(self.pages)} pages"


def scanned(url, folder, *, seconds, modules=MODULES, cookie="", start=""):
    """What wapiti says of the pages that it finds from here in so many seconds, and for each module in as many."""
    report = folder / "report.json"
    command = ["wapiti", "-u", f"{url}/", "-s", f"{url}/{start}", "-m", modules, "-v", "0"]
    command += ["-f", "json", "-o", report, "--detailed-report", "1"]
    command += ["--max-scan-time", seconds, "--max-attack-time", seconds, "--flush-session", "--no-bugreport"]
    command += ["--store-session", folder / "session", "--store-config", folder / "config"]
    command += [part for path in NOT_OPENED for part in ("-x", f"{url}/{path}/*")]
    if cookie:
        command += ["-C", f"sessionid={cookie}; csrftoken={CSRF}"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads(report.read_text())
    report.unlink()
    found = [
        f"{name}: {one['method']} {one['path']} {one['info']}"
        for name, all_ in told["vulnerabilities"].items()
        for one in all_
        if one["level"] >= MEDIUM
    ]
    asked = [one["request"] for one in told["infos"]["crawled_pages"]]
    return Scan({urlsplit(one["url"]).path for one in asked if one["status_code"] == 200}, found)


def is_signed_in(url, cookie):
    request = urllib.request.Request(f"{url}/accounts/security/", headers={"Cookie": f"sessionid={cookie}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return "sign-in" not in answer.url


@pytest.mark.figure(
    "C12",
    "wapiti over the pages, as a labeler and as a lead",
    "nothing of medium severity or more; signed in to the end",
)
def test_a_scanner_finds_nothing_in_the_pages(prove, broken_site, tmp_path):
    if not prove.full:
        pytest.skip("takes half an hour: make prove-full, where wapiti is installed")
    if not shutil.which("wapiti"):
        pytest.skip(HOW_TO)
    broken_site.web()
    cookies = {"labeler": broken_site.cookies[0], "lead": broken_site.sign_in_lead()}
    found = {
        role: scanned(broken_site.url, tmp_path, seconds=SECONDS, cookie=cookie, start=f"p/{SLUG}/")
        for role, cookie in cookies.items()
    }
    prove.measured(", ".join(f"as a {role}: {scan}" for role, scan in found.items()))
    assert [one for scan in found.values() for one in scan.findings] == []
    assert all(is_signed_in(broken_site.url, cookie) for cookie in cookies.values())
    assert {role for role, scan in found.items() if OWN_PAGES[role] not in scan.pages} == set()

    broken_site.web("tests.prove.harness.planted:echoing")
    planted = scanned(broken_site.url, tmp_path, seconds=30, modules="xss", start="?q=a")
    prove.control(f"a page that says what it was asked: {len(planted.findings)} found")
    assert any("Scripting" in one for one in planted.findings)
