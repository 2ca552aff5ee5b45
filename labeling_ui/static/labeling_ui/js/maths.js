// Puts what a model wrote into the page: prose as text nodes, mathematics through KaTeX. Nothing is ever parsed as HTML.

import { MAX_FORMULAS, MAX_TEXT, isTooMuch, split, splitAnswer, splitBare, withoutComments } from "./maths_text.js";
import { say } from "./words.js";

const { katex } = globalThis; // from _maths.html
const TRAILING_MARK = /^[.,;:!?)\]’”'"，。；：！？、）」』》]+/;
const SHORT = 40;
const unfitted = new Set(); // elements to look at together before the next frame
const MACROS = {
  "\\mbox": "\\text{#1}",
  "\\overarc": "\\overgroup{#1}",
};

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
  unfitted.add(element);
  if (unfitted.size === 1) requestAnimationFrame(fitAll);
}

function fitAll() {
  const formulas = [...unfitted].flatMap((element) => [...element.querySelectorAll(".formula:not(.display)")]);
  unfitted.clear();
  for (const formula of formulas) formula.classList.remove("wide");
  const wide = formulas.filter((formula) => {
    const room = formula.closest(".maths").clientWidth;
    return room > 0 && [...formula.querySelectorAll(".katex-base")].some((base) => base.offsetWidth > room);
  });
  for (const formula of wide) formula.classList.add("wide");
}

function append(element, text, splitter) {
  if (text.length > MAX_TEXT) {
    element.append(note(say("This text is too long to typeset; here is its source.")), source(text));
    return;
  }
  const parts = splitter(text);
  let formulas = 0;
  for (const [place, part] of parts.entries()) {
    if (part.kind === "prose") element.append(prose(parts, place));
    else if (part.kind === "code") element.append(code(part.text));
    else element.append((formulas += 1) > MAX_FORMULAS ? source(part.source) : withMark(formula(part), part, parts[place + 1]));
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

function formula(part) {
  if (isTooMuch(part.text)) return source(part.source, say("Too long to typeset; this is its source."));
  const element = document.createElement("span");
  element.className = part.display ? "formula display" : "formula";
  try {
    element.append(typeset(withoutComments(part.text), options(part.display)));
  } catch {
    return source(part.source, say("This formula could not be typeset; this is its source."));
  }
  return element;
}

// katex.render, but for one thing: it sets some style attributes (the width of the arrow of a \\vec), which the content
// policy refuses; without them the arrow is as wide as its line. A script may set the same styles one by one.
function typeset(tex, settings) {
  const tree = katex.__renderToDomTree(tex, settings);
  setStylesAside(tree);
  const node = tree.toNode();
  for (const styled of node.querySelectorAll("[data-style]")) {
    styled.style.cssText = styled.dataset.style;
    delete styled.dataset.style;
  }
  return node;
}

function setStylesAside(node) {
  if (node.attributes?.style) {
    node.attributes["data-style"] = node.attributes.style;
    delete node.attributes.style;
  }
  node.children?.forEach(setStylesAside);
}

function options(displayMode) {
  return {
    displayMode,
    output: "htmlAndMathml",
    throwOnError: true,
    trust: false,
    strict: "ignore",
    maxExpand: 1000,
    maxSize: 20,
    // A fresh object each time: a formula may define macros, and the next one must not see them.
    macros: { ...MACROS },
  };
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
