import assert from "node:assert/strict";
import test from "node:test";

const MODULE = "../../labeling_ui/static/labeling_ui/js/words.js";
let turn = 0;

// The module reads its catalog once, when it is loaded; a query makes each load another one.
async function loaded(catalog, lang) {
  const page = { textContent: JSON.stringify(catalog) };
  globalThis.document = { getElementById: (id) => (id === "words" ? page : null), documentElement: { lang } };
  try {
    return await import(`${MODULE}?${turn++}`);
  } finally {
    delete globalThis.document;
  }
}

const chinese = await loaded({ "All saved": "已全部保存", "Sent at {time}": "{time} 已发送", "{n} label": ["{n} 个标注"] }, "zh-Hans");
const english = await import(MODULE);

test("without a page it speaks English", () => {
  assert.equal(english.say("All saved"), "All saved");
  assert.equal(english.sayMany("{n} label", "{n} labels", 1), "1 label");
  assert.equal(english.sayMany("{n} label", "{n} labels", 2000), "2,000 labels");
});

test("a text is said in the language of the page", () => {
  assert.equal(chinese.say("All saved"), "已全部保存");
});

test("a text without a translation is said as it is", () => {
  assert.equal(chinese.say("Something new"), "Something new");
});

test("placeholders are filled in, and one that nobody gave stays to be seen", () => {
  assert.equal(chinese.say("Sent at {time}", { time: "10:15" }), "10:15 已发送");
  assert.equal(english.say("Step {step} of {steps}", { step: 0 }), "Step 0 of {steps}");
});

test("a moment is written as the pages of the server write it", () => {
  assert.equal(english.sayTime(new Date("2026-11-26T10:43:09Z")), "26 November 2026, 10:43 UTC");
});

test("a value that looks like a placeholder is not filled in again", () => {
  assert.equal(english.say("{a} and {b}", { a: "{b}", b: "x" }), "{b} and x");
});

test("a language with one form uses it for every number", () => {
  assert.equal(chinese.sayMany("{n} label", "{n} labels", 1), "1 个标注");
  assert.equal(chinese.sayMany("{n} label", "{n} labels", 5), "5 个标注");
});
