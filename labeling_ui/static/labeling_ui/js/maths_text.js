// Splits what a model wrote into prose and mathematics, and says which mathematics is too much to typeset. Pure.
//
// Understood: $…$  $$…$$  \(…\)  \[…\]  \begin{…}…\end{…}  ```…```  [asy]…[/asy]. A dollar sign that is money stays prose.

// A formula beyond these would hold the page up for seconds (a flat one of 20,000 characters: 0.7 s; of 100,000: 13 s;
// 60 boxes in each other: 1 s), and 80 braces above each other end the browser's process. The longest formula of MATH has
// 1,409 characters, the deepest 9 levels.
export const MAX_FORMULA = 2_000;
export const MAX_TEXT = 20_000;
export const MAX_FORMULAS = 200;
export const MAX_NESTING = 20;

const OPENERS = /\\[\\$]|\\\(|\\\[|\\begin\{([a-zA-Z]+\*?)\}|\$\$?|```|\[asy\]/g;
// A few hundred characters that define macros may unfold to millions, which no limit of KaTeX counts. None of MATH's
// 103,149 formulas that KaTeX can typeset defines one.
const DEFINITION = /(?<!\\)(?:\\\\)*\\(?:[gex]?def|(?:future)?let|(?:re)?newcommand|providecommand)(?![a-zA-Z@])/;
const ANSWER_HEADING = /^[ \t]*#[ \t]*Answer[ \t]*(?:\n|$)/m;

// → [{kind: "prose" | "formula" | "code", text, display?, source}]; the sources joined are the text again.
export function split(text) {
  const parts = [];
  const missing = new Set(); // closing marks that do not come any more: looking again and again would take seconds
  let proseFrom = 0;
  let at = 0;
  for (;;) {
    OPENERS.lastIndex = at;
    const opener = OPENERS.exec(text);
    if (!opener) break;
    const part = partAt(text, opener, missing);
    at = part ? opener.index + part.source.length : opener.index + opener[0].length;
    if (!part) continue;
    pushProse(parts, text.slice(proseFrom, opener.index));
    parts.push(part);
    proseFrom = at;
  }
  pushProse(parts, text.slice(proseFrom));
  return parts;
}

// A solution's last step ends in "# Answer"; → {body, answer: string | null}
export function splitAnswer(text) {
  const heading = ANSWER_HEADING.exec(text);
  if (!heading) return { body: text, answer: null };
  return { body: text.slice(0, heading.index).trimEnd(), answer: text.slice(heading.index + heading[0].length).trim() };
}

// Answers are written without dollar signs: "\frac{1}{2}" and "y = -2x" are formulas, "Evelyn" and "5 apples" are words.
export function splitBare(text) {
  const parts = split(text);
  if (parts.some((part) => part.kind !== "prose")) return parts;
  const isWords = /[a-zA-Z]{3,}|[^\x00-\x7f]/.test(withoutCommands(text)) || !/[\d\\=^_+\-/()]|^[a-zA-Z]$/.test(text.trim());
  if (isWords) return parts;
  const grouped = text.replace(/(\d),(?=\d{3}(?!\d))/g, "$1{,}");
  return [{ kind: "formula", text: grouped, display: false, source: text }];
}

// In TeX a bare % hides the rest of its line; nothing that a person judges may be hidden.
export function withoutComments(formula) {
  return formula.replace(/(?<!\\)((?:\\\\)*)%/g, "$1\\%");
}

export function isTooMuch(formula) {
  return formula.length > MAX_FORMULA || nesting(formula) > MAX_NESTING || DEFINITION.test(formula);
}

// Depth of braces, environments and \\left…\\right pairs.
export function nesting(formula) {
  let depth = 0;
  let deepest = 0;
  for (const [token] of formula.matchAll(/\\[\\{}]|\\(?:left|right)(?![a-zA-Z])|\\(?:begin|end)\{[^{}]*\}|[{}]/g)) {
    if (/^(?:\{|\\left|\\begin)/.test(token)) deepest = Math.max(deepest, (depth += 1));
    else if (/^(?:\}|\\right|\\end)/.test(token)) depth -= 1;
  }
  return deepest;
}

function partAt(text, opener, missing) {
  const [mark, environment] = opener;
  const from = opener.index;
  if (mark === "\\\\" || mark === "\\$") return null;
  if (environment) return environmentAt(text, from, environment);
  if (mark === "$") return dollarsAt(text, from);
  const [close, kind, display] = CLOSERS[mark];
  const end = missing.has(close) ? -1 : closing(text, close, from + mark.length);
  if (end < 0) {
    missing.add(close);
    return null;
  }
  const inside = text.slice(from + mark.length, end);
  if (!inside.trim()) return null;
  return { kind, text: inside, display, source: text.slice(from, end + close.length) };
}

const CLOSERS = {
  "$$": ["$$", "formula", true],
  "\\(": ["\\)", "formula", false],
  "\\[": ["\\]", "formula", true],
  "```": ["```", "code", true],
  "[asy]": ["[/asy]", "code", true],
};

// From \begin{name} to the \end{name} that belongs to it, the same name nested inside included. One so deep is none: a text
// of nothing but beginnings would be read to its end for each of them.
function environmentAt(text, from, name) {
  const marks = new RegExp(`\\\\(begin|end)\\{${name.replace("*", "\\*")}\\}`, "g");
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[1] === "begin" ? 1 : -1;
    if (depth > 2 * MAX_NESTING) return null;
    if (depth > 0) continue;
    const source = text.slice(from, mark.index + mark[0].length);
    return { kind: name === "tabular" ? "code" : "formula", text: source, display: true, source };
  }
  return null;
}

function dollarsAt(text, from) {
  const end = closing(text, "$", from + 1);
  if (end < 0) return null;
  const inside = text.slice(from + 1, end);
  if (!inside.trim() || inside.includes("\n\n") || isMoney(inside, text[end + 1] ?? "")) return null;
  return { kind: "formula", text: inside, display: false, source: text.slice(from, end + 1) };
}

// "$5 and $7" begins like a price and ends before another one; "$5 for lunch$" holds words and no sign.
function isMoney(inside, after) {
  if (!/^\d/.test(inside)) return false;
  if (/\s$/.test(inside) && /\d/.test(after)) return true;
  return /\s[a-zA-Z]{2,}\s+[a-zA-Z]{2,}/.test(inside) && !/[\\^_=+*<>()]/.test(inside);
}

function withoutCommands(formula) {
  return formula.replace(/\\(?:text|mathrm|textbf|mbox)\s*\{[^{}]*\}/g, "").replace(/\\[a-zA-Z]+/g, "");
}

function closing(text, mark, from) {
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (!isEscaped(text, at)) return at;
  }
  return -1;
}

function isEscaped(text, at) {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function pushProse(parts, source) {
  if (source) parts.push({ kind: "prose", text: source.replace(/\\([$%])/g, "$1"), source });
}
