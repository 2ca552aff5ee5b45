import time, pytest
from axe_playwright_python.base import AXE_SCRIPT
from tests import factories
from tests.browser.conftest import sign_in
@pytest.fixture
def alice(transactional_db):
    return factories.member(factories.project(slug="algebra", name="Competition mathematics"), "labeler", "alice")

def test_try(alice, label_page):
    factories.queued(alice.project, steps=["Let $x=1$.", "So.", "Then.", "Hence.", "# Answer\n\n2"])
    page = label_page(alice.user)
    t=time.time(); page.evaluate(AXE_SCRIPT); print("inject", time.time()-t)
    opts={"resultTypes":["violations"],"rules":{"target-size":{"enabled":True}}}
    for s in ("light","dark"):
        page.emulate_media(color_scheme=s, reduced_motion="reduce")
        t=time.time(); r=page.evaluate("o=>axe.run(document,o)",opts); print(s, time.time()-t)
        for v in r["violations"]: print(v["id"],v["impact"],v["tags"],[n["target"] for n in v["nodes"]],[n["failureSummary"] for n in v["nodes"]][:2])
    t=time.time(); r=page.evaluate("o=>axe.run(document,o)",{"resultTypes":["violations"],"runOnly":["color-contrast","link-in-text-block"]}); print("colour only", time.time()-t)
    page.goto("/p/algebra/instructions/"); 
    page.evaluate(AXE_SCRIPT)
    t=time.time(); r=page.evaluate("o=>axe.run(document,o)",opts); print("instr", time.time()-t)
    for v in r["violations"]: print(v["id"],v["impact"],v["tags"],[n["target"] for n in v["nodes"]],[n["failureSummary"] for n in v["nodes"]][:2])
