import assert from "node:assert/strict";
import test from "node:test";

import katex from "../../labeling_ui/node_modules/katex/dist/katex.mjs";

globalThis.katex = katex;
const { read } = await import("../../labeling_ui/static/labeling_ui/js/typeset.js");

test("the largest and the deepest formula of MATH are not too large", () => {
  const tower = "n\\$ = \\underbrace{ n!^{{n!}^{{\\cdot}^{{\\cdot}^{{\\cdot}^{n!}}}}}}_{n!}";
  const matrix = `\\begin{pmatrix}${"\\frac{11}{15} & \\frac{2}{15} & -\\frac{2}{3} \\\\".repeat(12)}\\end{pmatrix}`;
  for (const formula of [tower, matrix]) assert.equal(read(formula, true).isTooLarge, false, formula);
});

test("a short formula may be too large, or too deep without a brace", () => {
  assert.equal(read(`\\begin{matrix}${"&".repeat(500)}\\end{matrix}`, true).isTooLarge, true);
  assert.equal(read("\\Huge x".repeat(250), true).isTooLarge, true);
});

test("elements are counted", () => {
  const { elements } = read("x", false);
  assert.ok(elements > 5 && elements < 15);
  assert.equal(read("x".repeat(100), false).elements > 100, true);
});

test("no formula leaves a command to the next", () => {
  read("\\gdef\\leftover{1}", false);
  assert.throws(() => read("\\leftover", false), /Undefined control sequence/);
});
