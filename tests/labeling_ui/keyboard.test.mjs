import assert from "node:assert/strict";
import test from "node:test";

import { actFor } from "../../labeling_ui/static/labeling_ui/js/keyboard.js";

const inside = (...selectors) => ({ closest: (selector) => selectors.some((one) => selector.split(", ").includes(one)) || null });

function press(key, more = {}) {
  return actFor({ key, target: inside(), ...more });
}

test("each key has its act", () => {
  const acts = { 1: "bad", 2: "okay", 3: "great", Enter: "submit", Backspace: "previous", ArrowUp: "previous", ArrowDown: "next", g: "give_up", B: "bad_problem", "?": "help" };
  for (const [key, act] of Object.entries(acts)) assert.equal(press(key), act, key);
});

test("other keys do nothing", () => {
  for (const key of ["4", "0", "a", "Escape", "Tab", " ", "F1"]) assert.equal(press(key), null, key);
});

test("somebody who types is left alone", () => {
  for (const field of ["input", "textarea", "select", "[contenteditable]"]) assert.equal(press("g", { target: inside(field) }), null);
});

test("the browser's own shortcuts are left alone", () => {
  for (const held of ["ctrlKey", "metaKey", "altKey", "isComposing"]) assert.equal(press("1", { [held]: true }), null);
});

test("Enter on a button or link is that button's", () => {
  for (const element of ["button", "a", "summary"]) assert.equal(press("Enter", { target: inside(element) }), null);
  assert.equal(press("1", { target: inside("button") }), "bad");
});

test("a held key rates once, and walks on with the arrows", () => {
  assert.equal(press("3", { repeat: true }), null);
  assert.equal(press("Enter", { repeat: true }), null);
  assert.equal(press("Backspace", { repeat: true }), null);
  assert.equal(press("ArrowUp", { repeat: true }), "previous");
});
