import pytest, os
from playwright.sync_api import expect
from annotation.services import guidance, options, queue, labeling, judgements
from annotation.services.judgements import Rating
from annotation.models import Slot
from tests import factories
from tests.browser.conftest import sign_in
from uuid import uuid4
OUT="/tmp/shots_lead"
os.makedirs(OUT, exist_ok=True)

@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")

PROBLEM = "Let $f(x)=\\frac{x^2-4}{x-2}$ for $x\\neq 2$. How many integers $n$ with $1\\le n\\le 100$ satisfy\n\\[\\sum_{k=1}^{n} f(k) > 2026,\\] if the sum leaves out $k=2$?"

def unsure(by, text):
    factories.queued(by.project, problem_=factories.problem(by.project, text=PROBLEM + " " + str(uuid4())[:4], unique_id="train/77"), steps=["First, $f(x)=x+2$.", "So $f(2)=5$."])
    held = queue.claim_next(project=by.project, by=by)
    slot = Slot.objects.get(pk=held.slot)
    factories.solution(problem_=slot.solution.problem, steps=[slot.solution.steps[0], text])
    beside = options.alternatives_at(slot=slot, step=1).texts
    ratings = [Rating(step=0, rating=1), Rating(step=1, rating=-1)]
    ratings += [Rating(step=1, rating=0, option=1 + place, flagged=True) for place in range(len(beside))]
    j = judgements.Judgement(finish_reason="found_error", ratings=ratings, total_time_ms=1000)
    labeling.submit_label(project=by.project, by=by, label_id=uuid4(), slot=slot.pk, lease_token=held.lease_token, judgement=j)

@pytest.fixture
def world(project):
    dana = factories.member(project, "lead", "dana")
    people = [factories.member(project, "labeler", n) for n in ("alice", "bob", "konstantin.von-langer-name")]
    a, b, c = people
    p = factories.problem(project, text=PROBLEM, answer="\\frac{1}{2}", unique_id="train/7")
    factories.queued(project, problem_=p)
    factories.label(a, (1,), finish_reason="bad_problem", reason="The sum leaves out $k=2$, but $n$ may be $1$: the picture is missing.")
    factories.queued(project, problem_=factories.problem(project, text="How long is $\\overline{AB}$ in the picture?"))
    factories.label(a, (1,), finish_reason="bad_problem", reason="There is no picture.")
    factories.queued(project, problem_=p)
    factories.label(b, (1,), finish_reason="bad_problem", reason="Nobody can know what f(2) is.")
    p2 = factories.problem(project, text=PROBLEM+" (again)", answer="\\frac{1}{2}", unique_id="train/8")
    factories.queued(project, 6, problem_=p2, answer="0.7", grade="wrong")
    l = factories.label(a)
    factories.label(c)
    factories.queued(project, 2)
    factories.label(c, (1, 0), finish_reason="give_up", reason="I do not know what an eigenvalue of $A^{T}A$ is, sorry.")
    unsure(b, "Or else $f(2)$ is not defined, so the sum begins at $k=3$:\n\\[\\sum_{k=3}^{n}(k+2).\\]")
    guidance.publish_instructions(project=project, by=dana, text="# How we judge\n\nRate the step in front of you, and nothing else. A step is **great** if it is right and brings us to $x^2=4$.\n\n- Bad: anything that is wrong, e.g. $\\frac{1}{0}=0$.\n- Okay: right, but leads nowhere.\n\n# When you are in doubt\n\nWrite to us.", changes="The second heading is new; $\\frac{1}{0}$ is explained.", must_acknowledge=True)
    guidance.acknowledge(by=a, version=2)
    m = guidance.send(project=project, by=dana, text="Please look out for the unit: $5\\,\\mathrm{cm}$ is not $5$.\nThank you.")
    guidance.mark_read(by=a, messages=[m.pk]); guidance.mark_read(by=b, messages=[m.pk])
    guidance.reply(by=b, message=m.pk, text="Even where the problem has none?")
    m = guidance.send(project=project, by=dana, text="Is the third step really right?", to=a, about=l)
    return dana, a, l

MODES = [("light", 1280, "en"), ("dark", 1280, "en"), ("light", 320, "en"), ("dark", 320, "zh-hans"), ("light", 1280, "zh-hans"), ("light", 800, "en"), ("light", 800, "zh-hans")]
@pytest.mark.parametrize(("scheme", "width", "lang"), MODES)
def test_shots(scheme, width, lang, project, world, open_page):
    dana, a, l = world
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="zh-CN" if lang=="zh-hans" else "en-GB")
    page.goto("/accounts/sign-in/")
    page.locator("#id_username").fill("dana"); page.locator("#id_password").fill(factories.PASSWORD); page.keyboard.press("Enter"); expect(page.locator("#id_password")).to_have_count(0)
    page.wait_for_load_state()
    only = os.environ.get("SHOTS", "").split()
    def shot(name):
        page.wait_for_timeout(400)
        w = page.evaluate("document.documentElement.scrollWidth")
        print(name, lang, width, w)
        page.screenshot(path=f"{OUT}/{name}-{scheme}-{width}-{lang}.png", full_page=True)
    todo = [("settings","settings/"), ("guidance", f"guidance/?label={l.pk}"), ("bad","reports/"), ("disputes","reports/?show=disputes"), ("unsure","reports/?show=unsure"), ("giveups","reports/?show=give_ups")]
    for name, path in todo:
        if only and name not in only: continue
        page.goto(f"/p/algebra/{path}")
        shot(name)
    if not only or "errors" in only:
        page.goto("/p/algebra/settings/")
        page.locator("#id_alternatives").fill("50"); page.locator("#id_lease_minutes").fill("")
        page.locator("form.settings button.primary").click(); page.wait_for_load_state()
        shot("errors")
        page.goto("/p/algebra/guidance/")
        page.locator("#id_changes").fill("New: $x$")
        page.locator("button[value=preview]").click(); page.wait_for_load_state()
        shot("preview")
        page.locator("#id_changes").fill("")
        page.locator("button[value=publish]").click(); page.wait_for_load_state()
        shot("refused")
