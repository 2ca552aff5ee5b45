"""D9: formulas that are meant to hold up, to break or to cover the labeling page, rated by the keyboard in Chromium."""

# ruff: noqa: F811 - fixtures of the browser tests, taken over by name
import base64
import json

import pytest

from annotation.models import Solution
from annotation.services import importing, rounds
from tests import factories
from tests.browser.conftest import open_page, sign_in, site  # noqa: F401
from tests.browser.moments import PAINTED
from tests.browser.protocol import on_step
from tests.prove.formulas import HOSTILE, OUTSIDE

pytestmark = [pytest.mark.django_db(transaction=True)]
LIMIT_MS = 200
FIRST, LAST = "Let $x=1$.", "So it is.\n\n# Answer\n\n2"
WITHOUT_LIMITS = [
    ("js/maths_text", "return formula.length > MAX_FORMULA ||", "return false &&"),
    ("js/typeset", "elements > MAX_ELEMENTS ||", "false &&"),
    ("js/maths", "MAX_ELEMENTS = 12_000", "MAX_ELEMENTS = Infinity"),
    ("js/slices", "AT_ONCE = 1_000", "AT_ONCE = Infinity"),
]
LONG = ["20,000 characters", "five of 4,000 characters", "ten of 1,900 characters"]
WATCH = """
() => {
  window.moments = [];
  addEventListener("keydown", async ({ timeStamp }) => window.moments.push((await painted()) - timeStamp), { capture: true });
}
"""
# What of its formulas a step shows; null while some still wait to be typeset.
SHOWN = """
(row) => {
  const sources = [...row.querySelectorAll(".tex-source")].map(({ title }) => title);
  const note = row.querySelector(".step-text > p.quiet")?.textContent;
  const told = note ? [note] : sources;
  if (told.includes("")) return null;
  const found = told.map((words) => (/too long/i.test(words) ? "too long" : "broken"));
  return [...new Set([...(row.querySelector(".katex") ? ["maths"] : []), ...found])];
}
"""
# The box around all pixels that two pictures do not share.
DIFFERENCE = """
async (pictures) => {
  const [a, b] = await Promise.all(pictures.map(async (one) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${one}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  }));
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const [was, is] = [a, b].map(({ data }) => new Uint32Array(data.buffer));
  for (let at = 0; at < was.length; at += 1) {
    if (was[at] === is[at]) continue;
    const [x, y] = [at % a.width, Math.floor(at / a.width)];
    [box[0], box[1], box[2], box[3]] = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x + 1), Math.max(box[3], y + 1)];
  }
  return Number.isFinite(box[0]) ? box : null;
}
"""


def at_work(names, slug, open_page, *, solutions=1, read_ahead="never", changed=()):
    """The page of a labeler before solutions of these steps and a plain one at either end. It gets files with these changes."""
    page = open_page()
    for file, old, new in changed:
        serve_changed(page, file, old, new)
    sign_in(page, labeler_of([FIRST, *(HOSTILE[name][0] for name in names), LAST], slug, solutions, read_ahead))
    page.goto(f"/p/{slug}/label/")
    on_step(page, 1)
    page.evaluate(PAINTED)
    page.evaluate(WATCH)
    return page


def labeler_of(steps, slug, solutions, read_ahead):
    """Somebody before solutions of these steps, which an import has let in."""
    project = factories.project(slug=slug, alternatives=0, break_minutes=0, read_ahead=read_ahead)
    lines = [json.dumps({"problem": f"What is {n} + 1?", "steps": steps, "answer": "2"}) for n in range(solutions)]
    report = importing.import_solutions(
        project=project, lines=[line.encode() for line in lines], source="hostile", by=None, new_problems="train"
    )
    assert (report.created, report.refused) == (solutions, [])
    round_, job = factories.running_round(project)
    picks = [rounds.Pick(one.pk, "random", 1, {}) for one in Solution.objects.filter(project=project, answer="2")]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    return factories.member(project, "labeler").user


def answered(page, key):
    """Milliseconds from the key to its frame."""
    count = page.evaluate("window.moments.length")
    page.keyboard.press(key)
    page.wait_for_function("(count) => window.moments.length > count", arg=count)
    return page.evaluate("(count) => window.moments[count]", count)


def slowest_keys(page, names):
    """Of each step the slowest of the key that leads to it and of two that are pressed while it is typeset."""
    found = {name: max(answered(page, key) for key in ("3", "ArrowUp", "ArrowDown")) for name in names}
    return found | {
        "the last steps": max(answered(page, "3"), answered(page, "3")),
        "handed in": answered(page, "Enter"),
    }


def best_of(tries, names, slug, open_page, **options):
    """Of each step the best of so many solutions, for others have work for the processor too."""
    page = at_work(names, slug, open_page, solutions=tries + 1, **options)
    found = []
    for _ in range(tries):
        on_step(page, 1)
        found.append(slowest_keys(page, names))
    assert page.evaluate("window.ran") is None
    page.close()
    return {name: min(one[name] for one in found) for name in found[0]}


def looked_at(names, slug, open_page, blank, **options):
    """What each step shows, and by how many pixels it is painted outside its box, once all is typeset."""
    page = at_work(names, slug, open_page, **options)
    shown, outside = {}, {}
    for place, name in enumerate(names, start=1):
        page.keyboard.press("3")
        on_step(page, place + 1)
        row = page.locator(".step").nth(place)
        shown[name] = settled(page, row)
        outside[name] = min(painted_outside(page, row, blank) for _ in range(2))
    page.close()
    return shown, outside


def settled(page, row):
    page.wait_for_function(f"(row) => ({SHOWN})(row) !== null", arg=row.element_handle(), timeout=60_000)
    return row.evaluate(SHOWN)


def painted_outside(page, row, blank):
    """By how far the pixels that its text changes lie outside the box of the text."""
    text = row.locator(".step-text")
    with_it = picture(page)
    text.evaluate("(text) => { text.style.visibility = 'hidden' }")
    without = picture(page)
    text.evaluate("(text) => { text.style.visibility = '' }")
    changed, box = blank.evaluate(DIFFERENCE, [with_it, without]), text.bounding_box()
    if changed is None:
        return 0
    left, top, right, bottom = changed
    over = (box["x"] - left, box["y"] - top, right - box["x"] - box["width"], bottom - box["y"] - box["height"])
    return max(0, *(round(one) for one in over))


def picture(page):
    return base64.b64encode(page.screenshot(animations="disabled", caret="hide")).decode()


def serve_changed(page, file, old, new):
    def fulfill(route):
        answer = route.fetch()
        assert old in answer.text()
        route.fulfill(response=answer, body=answer.text().replace(old, new))

    page.context.route(f"**/{file}.*", fulfill)


@pytest.mark.figure(
    "D9",
    f"{len(HOSTILE)} hostile formulas, a step each, rated by the keyboard while they are typeset",
    f"every key answered in < {LIMIT_MS} ms, nothing painted outside its step, the source of what is too much",
)
def test_d9_no_formula_holds_up_or_leaves_its_step(prove, chromium, open_page):
    blank = chromium.new_page()
    tries = prove.count(short=3, full=10)

    times = {
        (read_ahead, name): ms
        for read_ahead in ("always", "never")
        for name, ms in best_of(tries, HOSTILE, read_ahead, open_page, read_ahead=read_ahead).items()
    }
    shown, outside = looked_at(HOSTILE, "looked-at", open_page, blank)

    slowest = max(times, key=times.get)
    sources = sum("too long" in one or "broken" in one for one in shown.values())
    prove.measured(
        f"the slowest key {times[slowest]:.0f} ms ({': '.join(slowest)}), the best of {tries} for each step and key; "
        f"{sum(map(bool, outside.values()))} painted outside; {sources} of {len(shown)} with sources"
    )
    assert {name: ms for name, ms in times.items() if ms >= LIMIT_MS} == {}
    assert {name: by for name, by in outside.items() if by} == {}
    assert shown == {name: wanted for name, (_, wanted) in HOSTILE.items()}

    _, outside = looked_at(OUTSIDE, "loose", open_page, blank, changed=[("css/maths", " contain: content;", "")])
    loose = sum(map(bool, outside.values()))
    slow = max(best_of(1, LONG, "slow", open_page, read_ahead="never", changed=WITHOUT_LIMITS).values())
    prove.control(
        f"paint that is not contained: {loose} of {len(OUTSIDE)} outside; no limits: a key takes {slow:.0f} ms"
    )
    assert loose > 3
    assert slow > LIMIT_MS
