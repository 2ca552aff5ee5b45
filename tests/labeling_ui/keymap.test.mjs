import assert from "node:assert/strict";
import test from "node:test";

import { DEFAULTS, actFor, assign, keymap, nameOf } from "../../labeling_ui/static/labeling_ui/js/keymap.js";

function press(key, more = {}, own = {}) {
  return actFor(keymap(own), { key, ...more });
}

// Changes one after the other, each of which must be allowed.
function changed(...changes) {
  return changes.reduce((own, [act, key]) => assign(own, act, key).own, {});
}

test("each key has its act", () => {
  const acts = {
    1: "bad", 2: "okay", 3: "great", 4: "fourth", 5: "fifth", j: "bad", k: "okay", l: "great", Enter: "submit", ArrowUp: "previous",
    Backspace: "previous", ArrowDown: "next", ArrowRight: "peek", r: "answer", f: "unsure", w: "write", u: "undo", h: "history",
    i: "instructions", g: "give_up", b: "bad_problem", "?": "help",
  };
  for (const [key, act] of Object.entries(acts)) assert.equal(press(key), act, key);
});

test("no key has two acts", () => {
  const keys = Object.values(DEFAULTS).flat();
  assert.equal(new Set(keys).size, keys.length);
});

test("a capital letter is the same key", () => {
  assert.equal(press("J"), "bad");
});

test("other keys do nothing", () => {
  for (const key of ["6", "0", "a", "Escape", "Tab", " ", "F1"]) assert.equal(press(key), null, key);
});

test("the browser's own shortcuts are left alone, and so is what somebody else has heard", () => {
  for (const held of ["ctrlKey", "metaKey", "altKey", "isComposing", "defaultPrevented"]) assert.equal(press("1", { [held]: true }), null, held);
});

test("a held key rates once, and walks on with the arrows", () => {
  for (const key of ["3", "Enter", "u", "a"]) assert.equal(press(key, { repeat: true }), null, key);
  for (const key of ["ArrowUp", "Backspace"]) assert.equal(press(key, { repeat: true }), "previous", key);
  assert.equal(press("ArrowDown", { repeat: true }), "next");
});

test("a key of one's own takes the place of those before it", () => {
  const own = changed(["bad", "x"]);
  assert.deepEqual(own, { bad: ["x"] });
  assert.deepEqual(["x", "1", "j", "2"].map((key) => press(key, {}, own)), ["bad", null, null, "okay"]);
});

test("a new key is kept as it is pressed, whatever the shift key does", () => {
  const own = changed(["bad", "X"], ["next", "PageDown"]);
  assert.deepEqual(own, { bad: ["x"], next: ["PageDown"] });
  assert.equal(press("X", {}, own), "bad");
});

test("a key that an act gave up can go to another", () => {
  const own = changed(["bad", "x"], ["okay", "1"]);
  assert.deepEqual(["x", "1", "2"].map((key) => press(key, {}, own)), ["bad", "okay", null]);
});

test("two acts never share a key", () => {
  assert.deepEqual(assign({}, "bad", "2"), { trouble: "taken", by: "okay" });
  assert.deepEqual(assign({}, "bad", "K"), { trouble: "taken", by: "okay" });
  assert.deepEqual(assign({ okay: ["x"] }, "bad", "x"), { trouble: "taken", by: "okay" });
});

test("an act may be given a key that it has", () => {
  assert.deepEqual(assign({}, "bad", "j"), { own: { bad: ["j"] } });
});

test("keys of the browser are nobody's", () => {
  for (const key of ["Tab", "Escape", "Shift", "Control", "Alt", "Meta", " ", "Dead", "Unidentified", "Process"]) assert.deepEqual(assign({}, "bad", key), { trouble: "reserved", by: null }, key);
});

test("a change leaves the others, and what it was given, as they were", () => {
  const own = { bad: ["x"] };
  assert.deepEqual(assign(own, "okay", "y").own, { bad: ["x"], okay: ["y"] });
  assert.deepEqual(own, { bad: ["x"] });
});

test("a key that became another act's by default stays with whom it was given to", () => {
  const own = { bad: ["u"] };
  assert.equal(press("u", {}, own), "bad");
  assert.deepEqual(keymap(own).undo, []);
});

test("of stored keys only what is understood is used", () => {
  assert.deepEqual(keymap({ fly: ["x"], bad: "x" }), DEFAULTS);
  assert.deepEqual(keymap(), DEFAULTS);
});

test("a key is named by its sign, or by its letter", () => {
  assert.deepEqual(["ArrowUp", "Backspace", "Enter", "j", "?"].map(nameOf), ["↑", "⌫", "Enter", "J", "?"]);
});
