import assert from "node:assert/strict";
import test from "node:test";

import { Panels } from "../../labeling_ui/static/labeling_ui/js/panels.js";

// A page with these panels, each with its buttons: {trouble: ["look"], …}.
function pageWith(panels) {
  const parts = {};
  const part = (selector) => (parts[selector] ??= { hidden: false, textContent: "" });
  const buttons = {};
  for (const [name, acts] of Object.entries(panels)) {
    Object.assign(part(`[data-panel="${name}"]`), { dataset: { panel: name }, focused: 0, focus: ({ preventScroll }) => (parts[`[data-panel="${name}"]`].focused += preventScroll ? 1 : 0) });
    buttons[name] = acts.map((go) => Object.assign(new EventTarget(), { dataset: { go } }));
  }
  const all = {
    "[data-panel]": () => Object.keys(panels).map((name) => part(`[data-panel="${name}"]`)),
    "[data-panel] [data-go]": () => Object.values(buttons).flat(),
  };
  const first = (selector) => /^\[data-panel="(\w+)"\] \[data-go\]$/.exec(selector)?.[1];
  const querySelector = (selector) => (selector.endsWith("[data-go]") ? (buttons[first(selector)]?.[0] ?? null) : part(selector));
  return { part, buttons, querySelector, querySelectorAll: (selector) => all[selector]() };
}

function world() {
  const page = pageWith({ loading: [], empty: ["look"], elsewhere: ["here"], trouble: ["look", "here"], rules: ["acknowledge"], break: ["rested"] });
  const acts = [];
  const panels = new Panels(page);
  panels.connect(Object.fromEntries(["look", "here", "acknowledge", "rested"].map((act) => [act, () => acts.push(act)])));
  const open = () => page.querySelectorAll("[data-panel]").filter(({ hidden }) => !hidden).map(({ dataset }) => dataset.panel);
  return { page, panels, acts, open };
}

test("one panel stands in the place of the desk, and takes the focus without a jump", () => {
  const { page, panels, open } = world();
  panels.show("empty");
  assert.deepEqual(open(), ["empty"]);
  assert.deepEqual([page.part("[data-desk]").hidden, page.part("[data-bar]").hidden], [true, true]);
  assert.equal(page.part('[data-panel="empty"]').focused, 1);
});

// It is looked for work every 20 seconds, while somebody may be on a link of the panel or in the menu above.
test("a panel that is open already takes the focus from nobody", () => {
  const { page, panels, open } = world();
  panels.show("empty");
  panels.show("empty");
  assert.deepEqual(open(), ["empty"]);
  assert.equal(page.part('[data-panel="empty"]').focused, 1);
  panels.show(null);
  panels.show("empty");
  assert.equal(page.part('[data-panel="empty"]').focused, 2);
});

test("with the desk in front no panel is open", () => {
  const { page, panels, open } = world();
  panels.show("empty");
  panels.show(null);
  assert.deepEqual(open(), []);
  assert.deepEqual([page.part("[data-desk]").hidden, page.part("[data-bar]").hidden], [false, false]);
});

test("a panel knows whether it is the one that is open", () => {
  const { panels } = world();
  assert.equal(panels.is("loading"), true);
  panels.show("break");
  assert.deepEqual([panels.is("break"), panels.is("loading")], [true, false]);
});

test("each button has its way on", () => {
  const { page, acts } = world();
  for (const button of Object.values(page.buttons).flat()) button.dispatchEvent(new Event("click"));
  assert.deepEqual(acts, ["look", "here", "look", "here", "acknowledge", "rested"]);
});

test("Enter presses the first button of the panel that is open", () => {
  const { panels, acts } = world();
  panels.show("trouble");
  panels.pressEnter();
  assert.deepEqual(acts, ["look"]);
});

test("Enter does nothing where there is no button, nor at the desk", () => {
  const { panels, acts } = world();
  panels.pressEnter();
  panels.show(null);
  panels.pressEnter();
  assert.deepEqual(acts, []);
});

test("trouble is told in a sentence", () => {
  const { page, panels, open } = world();
  panels.showTrouble("Your work is paused.");
  assert.deepEqual(open(), ["trouble"]);
  assert.equal(page.part("[data-trouble]").textContent, "Your work is paused.");
});

test("changed rules say what changed, where somebody wrote it down", () => {
  const { page, panels, open } = world();
  panels.showRules({ version: 4, changes: "Okay is wider." });
  assert.deepEqual(open(), ["rules"]);
  assert.deepEqual([page.part("[data-changes]").textContent, page.part("[data-changes]").hidden], ["Okay is wider.", false]);
  assert.equal(page.part("[data-new-version]").textContent, 4);
  panels.showRules({ version: 5, changes: "" });
  assert.equal(page.part("[data-changes]").hidden, true);
});

test("a break says how long the work has been", () => {
  const { page, panels, open } = world();
  panels.showBreak(1);
  assert.equal(page.part("[data-break-text]").textContent, "You have worked for 1 minute.");
  panels.showBreak(25);
  assert.deepEqual(open(), ["break"]);
  assert.equal(page.part("[data-break-text]").textContent, "You have worked for 25 minutes.");
});
