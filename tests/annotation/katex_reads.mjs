// Reads texts, a JSON string a line, and writes the numbers of those with mathematics that the page cannot typeset.
import { createInterface } from "node:readline";

import katex from "../../labeling_ui/node_modules/katex/dist/katex.mjs";

globalThis.katex = katex;
const { split, withoutComments } = await import("../../labeling_ui/static/labeling_ui/js/maths_text.js");
const { read } = await import("../../labeling_ui/static/labeling_ui/js/typeset.js");

function isRead({ kind, text, display }) {
  if (kind !== "formula") return true;
  try {
    read(withoutComments(text), display);
    return true;
  } catch {
    return false;
  }
}

let number = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (!split(JSON.parse(line)).every(isRead)) console.log(number);
  number += 1;
}
