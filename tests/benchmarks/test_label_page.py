"""How fast the labeling page is, measured in a real Chromium: `make bench` prints the figures of docs/benchmarks.md."""

import json
import statistics
from itertools import islice

import pytest
from playwright.sync_api import expect

from annotation.models import Label, Solution
from annotation.services import rounds
from tests import factories
from tests.browser.conftest import Door
from tests.browser.moments import PAINTED
from tests.shared_data import shared_lines

pytestmark = [pytest.mark.benchmark, pytest.mark.shared_data]

SOLUTIONS = 60
SERVER_SLOWNESS_SECONDS = 0.3
READING_MS = 120  # between two keys: three times as fast as anybody reads
WATCH = """
() => {
    window.moments = [];
    addEventListener("keydown", async ({ key, timeStamp }) => {
        const list = document.querySelector("[data-steps]");
        const before = list.firstElementChild;
        if (key === "Enter") {
            await new Promise((done) => {
                const seen = new MutationObserver(() => list.firstElementChild && list.firstElementChild !== before && done(seen.disconnect()));
                seen.observe(list, { childList: true });
            });
        }
        window.moments.push({ key, ms: (await painted()) - timeStamp });
    }, { capture: true });
}
"""


@pytest.fixture
def alice(transactional_db):
    project = factories.project(slug="algebra", name="Algebra", alternatives=0, break_minutes=0)
    return factories.member(project, "labeler", "alice")


def real_solutions(project, count):
    """The queue holds `count` solutions of different MATH problems, as PRM800K's labelers had them."""
    records = {}
    for line in shared_lines("prm800k_derived/prm800k_train_paths_1818.jsonl"):
        record = json.loads(line)
        records.setdefault(record["problem"], [step["text"] for step in record["steps"]])
    for text, steps in islice(records.items(), count):
        factories.solution(problem_=factories.problem(project, text=text), steps=steps)
    round_, job = factories.running_round(project)
    solutions = Solution.objects.filter(project=project).order_by("pk")
    picks = [rounds.Pick(one.pk, "random", -place, {}) for place, one in enumerate(solutions)]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


def label(page, ratings):
    for rating in [*ratings, "Enter"]:
        page.keyboard.press(rating)
        page.wait_for_timeout(READING_MS)


def figures(moments, key):
    values = sorted(one["ms"] for one in moments if (one["key"] == "Enter") == (key == "Enter"))
    return {
        "n": len(values),
        "p50_ms": round(statistics.median(values), 1),
        "p95_ms": round(values[int(0.95 * (len(values) - 1))], 1),
        "max_ms": round(values[-1], 1),
    }


def test_a_key_shows_the_next_step_and_a_submit_the_next_solution(alice, label_page, capsys, monkeypatch):
    real_solutions(alice.project, SOLUTIONS + 5)
    page = label_page(alice.user)
    expect(page.locator(".step[aria-current]")).to_be_visible()
    page.wait_for_timeout(1500)
    page.evaluate(PAINTED)
    page.evaluate(WATCH)
    result = {}
    for name, delay in (("as it is", 0.0), ("300 ms slower", SERVER_SLOWNESS_SECONDS)):
        monkeypatch.setattr(Door, "delay_seconds", delay)
        page.evaluate("window.moments = []")
        for _ in range(SOLUTIONS // 2):
            steps = page.locator(".step").count()
            label(page, ["3"] * min(steps - 1, 4) + ["1"])
        moments = page.evaluate("window.moments")
        result[name] = {
            "key → next step": figures(moments, "rate"),
            "submit → next solution": figures(moments, "Enter"),
        }
    monkeypatch.setattr(Door, "delay_seconds", 0.0)
    expect(page.locator("[data-saved-text]")).to_have_text("All saved", timeout=30_000)

    with capsys.disabled():
        print("\n" + json.dumps(result, indent=1, ensure_ascii=False))
    assert Label.objects.count() == SOLUTIONS
    slow = result["300 ms slower"]
    assert slow["key → next step"]["p95_ms"] < 50
    assert slow["submit → next solution"]["p95_ms"] < 100


def test_the_page_is_light(alice, label_page, open_page, capsys):
    real_solutions(alice.project, 5)
    first = label_page(alice.user)
    page = first.context.browser.new_context(base_url=first.url, storage_state=first.context.storage_state()).new_page()
    first.close()
    weight, sizes = page.context.new_cdp_session(page), {}
    names = {}
    weight.send("Network.enable")
    weight.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    weight.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto("/p/algebra/label/")
    expect(page.locator(".step[aria-current]")).to_be_visible()
    page.wait_for_timeout(1000)

    kilobytes = {names[one]: size / 1000 for one, size in sizes.items() if one in names}
    maths_fonts = sum(size for url, size in kilobytes.items() if "/katex/fonts/" in url)
    total = sum(kilobytes.values())
    largest = sorted(((round(size, 1), url.rpartition("/")[2]) for url, size in kilobytes.items()), reverse=True)[:6]
    page.context.close()
    with capsys.disabled():
        figures = {
            "all_kB": round(total, 1),
            "without_maths_fonts_kB": round(total - maths_fonts, 1),
            "files": len(sizes),
        }
        print("\n" + json.dumps(figures | {"largest": largest}))
    assert total - maths_fonts < 250


def test_five_hundred_solutions_leave_no_trace_in_memory(alice, label_page, capsys):
    factories.queued(alice.project, 520, steps=["Let $x=1$.", "Then $\\frac{x}{2}=0.5$.", "# Answer\n\n2"])
    page = label_page(alice.user)
    expect(page.locator(".step[aria-current]")).to_be_visible()
    inspector = page.context.new_cdp_session(page)
    inspector.send("Performance.enable")
    heap = {}
    for done in range(1, 501):
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        expect(page.locator("[data-done-today]")).to_have_text(str(done), timeout=30_000)
        if done in (50, 100, 200, 300, 400, 500):
            heap[done] = used(inspector)

    with capsys.disabled():
        print("\n" + json.dumps({"heap_MB": {n: round(one["JSHeapUsedSize"] / 1e6, 2) for n, one in heap.items()}}))
        print(json.dumps({"nodes": {n: one["Nodes"] for n, one in heap.items()}}))
    assert heap[500]["JSHeapUsedSize"] < 1.1 * heap[100]["JSHeapUsedSize"]
    assert heap[500]["Nodes"] < 1.1 * heap[100]["Nodes"]


def used(inspector):
    for _ in range(2):
        inspector.send("HeapProfiler.collectGarbage")
    metrics = inspector.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in metrics if one["name"] in ("JSHeapUsedSize", "Nodes")}
