import assert from "node:assert/strict";
import test from "node:test";

import { MAX_FORMULA, MAX_NESTING, isTooMuch, nesting, split, splitAnswer, splitBare, withoutComments } from "../../labeling_ui/static/labeling_ui/js/maths_text.js";

function formulas(text) {
  return split(text).filter(({ kind }) => kind === "formula").map(({ text: formula }) => formula);
}

function prose(text) {
  return split(text).filter(({ kind }) => kind === "prose").map(({ text: words }) => words);
}

test("the parts of a text are the text again", () => {
  const texts = ["", "plain", "a $x$ b", "$$y$$", "\\[z\\] \\(w\\)", "\\begin{align*}a\\\\b\\end{align*} end", "$ open", "cost \\$5 and $5$"];
  for (const text of texts) assert.equal(split(text).map(({ source }) => source).join(""), text);
});

test("all four pairs of signs and environments hold formulas", () => {
  assert.deepEqual(formulas("$a$, $$b$$, \\(c\\), \\[d\\]"), ["a", "b", "c", "d"]);
  assert.deepEqual(formulas("so \\begin{cases}x\\\\y\\end{cases}!"), ["\\begin{cases}x\\\\y\\end{cases}"]);
});

test("double dollars, brackets and environments stand on their own line", () => {
  const display = (text) => split(text).find(({ kind }) => kind === "formula").display;
  assert.deepEqual(["$a$", "\\(a\\)", "$$a$$", "\\[a\\]", "\\begin{align}a\\end{align}"].map(display), [false, false, true, true, true]);
});

test("an environment ends at its own end, also when it holds another of the same name", () => {
  const text = "\\begin{array}{c}\\begin{array}{c}1\\end{array}\\end{array} tail";
  assert.deepEqual(formulas(text), [text.slice(0, -5)]);
});

test("an environment inside dollars belongs to them", () => {
  assert.deepEqual(formulas("$x=\\begin{pmatrix}1\\\\2\\end{pmatrix}$"), ["x=\\begin{pmatrix}1\\\\2\\end{pmatrix}"]);
});

test("money is not mathematics", () => {
  for (const text of ["It costs $5 and $7.", "between $40 and $50 in total", "$3.20 is the total, which is more than $2", "Which is $40.96"]) {
    assert.deepEqual(formulas(text), [], text);
  }
});

test("a formula behind a price is still found", () => {
  assert.deepEqual(formulas("The money is $3.20. So solve $0.25y + 0.05y = 3.20$."), ["0.25y + 0.05y = 3.20"]);
});

test("numbers and words inside dollars are mathematics", () => {
  for (const inside of ["10", "2(width + height)", "0.abcd", "1, 2, 4, 5, and 11", "5\\text{ apples}", "3 \\times 4"]) {
    assert.deepEqual(formulas(`Take $${inside}$ now`), [inside]);
  }
});

test("an escaped dollar is a dollar, inside a formula too", () => {
  assert.deepEqual(prose("pay \\$5 now"), ["pay $5 now"]);
  assert.deepEqual(formulas("in all $\\$3 + \\$4$ so"), ["\\$3 + \\$4"]);
});

test("a sign without its partner stays prose", () => {
  assert.deepEqual(formulas("only $x and \\[ y and \\begin{align} z"), []);
});

test("dollars do not reach over a paragraph", () => {
  assert.deepEqual(formulas("this $f(1)\n\n# Answer\n\n$31$"), ["31"]);
});

test("a line break of TeX is not the beginning of a formula", () => {
  assert.deepEqual(formulas("a \\\\[2pt] b \\\\(c\\\\)"), []);
});

test("drawings, tables and code keep their source", () => {
  const kinds = (text) => split(text).map(({ kind }) => kind);
  assert.deepEqual(kinds("[asy]draw((0,0)--(1,1)); label(\"$A$\",(0,0));[/asy]"), ["code"]);
  assert.deepEqual(kinds("```\n13 | 3.0\n```"), ["code"]);
  assert.deepEqual(kinds("\\begin{tabular}{c}1\\end{tabular}"), ["code"]);
});

test("the final answer is told from the step that it ends", () => {
  assert.deepEqual(splitAnswer("So it is.\n\n# Answer\n\n\\frac{1}{2}"), { body: "So it is.", answer: "\\frac{1}{2}" });
  assert.deepEqual(splitAnswer("# Answer\n\n7"), { body: "", answer: "7" });
  assert.deepEqual(splitAnswer("The # Answer is 7"), { body: "The # Answer is 7", answer: null });
});

test("a bare answer is a formula unless it is words", () => {
  const kind = (text) => splitBare(text)[0].kind;
  for (const text of ["\\frac{1}{2}", "y = -2x", "31/32", "-2", "(3, \\frac{\\pi}{2})", "x", "1,234", "\\text{Evelyn}"]) assert.equal(kind(text), "formula", text);
  for (const text of ["Evelyn", "5 apples", "even", "All real numbers."]) assert.equal(kind(text), "prose", text);
});

test("thousands in a bare answer keep their comma tight", () => {
  assert.equal(splitBare("1,234,567")[0].text, "1{,}234{,}567");
  assert.equal(splitBare("(1,2)")[0].text, "(1,2)");
});

test("a per cent sign hides nothing", () => {
  assert.equal(withoutComments("50% of x"), "50\\% of x");
  assert.equal(withoutComments("50\\% of x"), "50\\% of x");
});

test("deep and long formulas are too much", () => {
  assert.equal(nesting("\\frac{a}{\\sqrt{b}}"), 2);
  assert.equal(nesting("\\{\\{\\{"), 0);
  for (const [before, after] of [["{", "}"], ["\\left(", "\\right)"], ["\\begin{matrix}", "\\end{matrix}"]]) {
    assert.equal(isTooMuch(before.repeat(MAX_NESTING) + after.repeat(MAX_NESTING)), false);
    assert.equal(isTooMuch(before.repeat(MAX_NESTING + 1) + after.repeat(MAX_NESTING + 1)), true);
  }
  assert.equal(isTooMuch("x".repeat(MAX_FORMULA)), false);
  assert.equal(isTooMuch("x".repeat(MAX_FORMULA + 1)), true);
});

test("a formula that defines commands is too much, however short it is", () => {
  for (const name of ["def", "gdef", "edef", "xdef", "let", "futurelet", "newcommand", "renewcommand", "providecommand"]) {
    assert.equal(isTooMuch(`x\\${name}\\a{b}`), true, name);
  }
  for (const formula of ["\\letter", "\\\\let x", "\\def@", "undefined"]) assert.equal(isTooMuch(formula), false, formula);
});

test("an environment that many others begin in is found, and one without its end is prose", () => {
  const nest = "\\begin{array}{c}".repeat(30) + "\\end{array}".repeat(30);
  assert.deepEqual(formulas(`so ${nest}`), [nest]);
  assert.deepEqual(formulas("\\begin{matrix}".repeat(50)), []);
});

test("a hostile text is split in a moment", () => {
  // Work, not waiting: a busy machine makes no test fail.
  const started = process.cpuUsage();
  for (const piece of ["$", "\\[", "\\begin{align}", "\\begin{a}", "\\begin{a}\\end{b}", "$5 ", "\\", "[asy]", "```"]) split(piece.repeat(60_000 / piece.length));
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 1_000_000, `${user + system} µs`);
});
