"""axe before a page in each of its states, in both languages and both themes (row E10)."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

# All that axe knows of WCAG 2.2 A and AA and of good practice. In the other theme only colours are different. What KaTeX
# draws is thousands of spans that are hidden from readers and take the colour of the text around them.
LOOK = """async () => {
  const found = [];
  const themes = {
    light: { rules: { "target-size": { enabled: true } } },
    dark: { runOnly: ["color-contrast", "link-in-text-block"] },
  };
  for (const [theme, options] of Object.entries(themes)) {
    document.documentElement.dataset.theme = theme;
    const { violations } = await axe.run({ exclude: [".katex-html"] }, { resultTypes: ["violations"], ...options });
    found.push(...violations.map(({ id, nodes }) => `${theme}, ${id}: ${nodes.map(({ target }) => target).join(" · ")}`));
  }
  delete document.documentElement.dataset.theme;
  return found;
}"""


def open_all(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.evaluate("[...document.querySelectorAll('.sheet')].at(-1)?.showPopover()")


class Eyes:
    """One person before one page after the other."""

    def __init__(self, page):
        self.page = page
        self.found = {}

    def look(self, state, wait_for="main"):
        expect(self.page.locator(wait_for).first).to_be_visible()
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        assert state not in self.found
        self.found[state] = self.page.evaluate(LOOK)

    def visit(self, path, wait_for="main", state=None):
        self.page.goto(path)
        self.look(state or path, wait_for)

    def press(self, state, *keys, wait_for="main"):
        for key in keys:
            self.page.keyboard.press(key)
        self.look(state, wait_for)

    def click(self, state, target, wait_for="main"):
        self.page.locator(target).first.click()
        self.look(state, wait_for)
