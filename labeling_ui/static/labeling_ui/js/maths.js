// Puts what a model wrote into the page: prose as text nodes, mathematics through KaTeX. Nothing is ever parsed as HTML.

import { MAX_FORMULAS, MAX_TEXT, isTooMuch, split, splitAnswer, splitBare, withoutComments } from "./maths_text.js";
import { Slices } from "./slices.js";
import { nodeOf, read } from "./typeset.js";
import { say } from "./words.js";

const TRAILING_MARK = /^[.,;:!?)\]’”'"，。；：！？、）」』》]+/;
const SHORT = 40;
const INLINE = ".formula:not(.display)";
const MAX_ELEMENTS = 12_000; // of the formulas of one text; MATH's largest solution has 10,120
const unfitted = new Set(); // elements to look at together before the next frame
const slices = new Slices();

// A problem or a step. A final answer in it ("# Answer") gets a heading of its own.
export function showText(element, text) {
  const { body, answer } = splitAnswer(text);
  element.replaceChildren();
  if (body) append(element, body, split);
  if (answer !== null) element.append(answerBox(answer));
}

// An answer written without dollar signs.
export function showBare(element, text) {
  element.replaceChildren();
  append(element, text, splitBare);
}

// An inline formula wider than its paragraph gets a box of its own to scroll in, before the next frame. Call after the
// element is in the page and whenever its width changes.
export function fitFormulas(element) {
  slices.wake();
  unfitted.add(element);
  if (unfitted.size === 1) requestAnimationFrame(fitAll);
}

function fitAll() {
  const formulas = [...unfitted].flatMap((element) => (element.matches(INLINE) ? [element] : [...element.querySelectorAll(INLINE)]));
  unfitted.clear();
  for (const formula of formulas) formula.classList.remove("wide");
  const wide = formulas.filter((formula) => {
    const room = formula.closest(".maths")?.clientWidth; // none where the text was replaced meanwhile
    return room > 0 && [...formula.querySelectorAll(".katex-base")].some((base) => base.offsetWidth > room);
  });
  for (const formula of wide) formula.classList.add("wide");
}

function append(element, text, splitter) {
  if (text.length > MAX_TEXT) {
    const whole = code(text);
    whole.className = "whole-text";
    element.append(note(say("This text is too long to typeset; here is its source.")), whole);
    return;
  }
  const parts = splitter(text);
  const room = { formulas: MAX_FORMULAS, elements: MAX_ELEMENTS };
  for (const [place, part] of parts.entries()) {
    if (part.kind === "prose") element.append(prose(parts, place));
    else if (part.kind === "code") element.append(code(part.text));
    else element.append(withMark(formula(part, room), part, parts[place + 1]));
  }
}

// Line ends beside a formula on its own line would show as empty lines; a mark moved behind a formula is not shown twice.
function prose(parts, place) {
  let { text } = parts[place];
  if (isBlock(parts[place + 1])) text = text.trimEnd();
  if (isBlock(parts[place - 1])) text = text.trimStart();
  if (keepsMark(parts[place - 1])) text = text.replace(TRAILING_MARK, "");
  return text;
}

// Without this a full stop may start a line.
function withMark(element, part, following) {
  const mark = keepsMark(part) && following?.kind === "prose" ? TRAILING_MARK.exec(following.text) : null;
  if (!mark) return element;
  const together = document.createElement("span");
  together.className = "nowrap";
  together.append(element, mark[0]);
  return together;
}

// Its source, and soon the formula in its place.
function formula(part, room) {
  room.formulas -= 1;
  if (room.formulas < 0 || isTooMuch(part.text)) return source(part.source, tooLong());
  const element = source(part.source);
  slices.add(new Typesetting(element, part, room));
  return element;
}

// The work of one formula, for slices.js.
class Typesetting {
  #element;
  #part;
  #room;
  #formula = null;

  constructor(element, part, room) {
    [this.#element, this.#part, this.#room] = [element, part, room];
  }

  get isInPage() {
    return this.#element.isConnected;
  }

  // What cannot be shown has been read all the same.
  get weight() {
    this.#formula ??= this.#read();
    return this.#formula.elements;
  }

  do() {
    if (!this.#formula.tree) return;
    this.#element.className = this.#part.display ? "formula display" : "formula";
    this.#element.replaceChildren(nodeOf(this.#formula.tree));
    if (this.isInPage) fitFormulas(this.#element);
  }

  #read() {
    const { text, display } = this.#part;
    try {
      const formula = read(withoutComments(text), display);
      if (!formula.isTooLarge && (this.#room.elements -= formula.elements) >= 0) return formula;
      this.#element.title = tooLong();
      return { elements: formula.elements };
    } catch {
      this.#element.title = say("This formula could not be typeset; this is its source.");
      return { elements: text.length };
    }
  }
}

function answerBox(answer) {
  const box = document.createElement("div");
  box.className = "final-answer";
  const heading = document.createElement("span");
  heading.className = "final-answer-heading";
  heading.textContent = say("Final answer");
  const value = document.createElement("span");
  value.className = "final-answer-value";
  append(value, answer, splitBare);
  box.append(heading, value);
  return box;
}

function tooLong() {
  return say("Too long to typeset; this is its source.");
}

function source(text, reason = "") {
  const element = document.createElement("span");
  element.className = "tex-source";
  element.textContent = text;
  if (reason) element.title = reason;
  return element;
}

function code(text) {
  const element = document.createElement("pre");
  element.textContent = text.replace(/^\n|\n$/g, "");
  return element;
}

function note(text) {
  const element = document.createElement("p");
  element.className = "quiet small";
  element.textContent = text;
  return element;
}

function isBlock(part) {
  return part !== undefined && part.kind !== "prose" && part.display;
}

function keepsMark(part) {
  return part?.kind === "formula" && !part.display && part.source.length <= SHORT;
}
