import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";

const JS = new URL("../../labeling_ui/static/labeling_ui/js/", import.meta.url);
const files = readdirSync(JS).map((name) => ({ name, text: readFileSync(new URL(name, JS), "utf8") }));

// Django puts hashed names into import statements of just this form; any other keeps old code in browsers' caches.
test("every import is relative and ends with a semicolon", () => {
  for (const { name, text } of files) {
    for (const [statement] of text.matchAll(/^(?:import|export)\b[^;]*?from\s.*$|^import\s.*$/gm)) {
      assert.match(statement, /^(?:import|export)[\s\S]* from "\.{1,2}\/[\w./-]+";$/, `${name}: ${statement}`);
    }
  }
});

test("no module writes markup, runs text as code or sets a global", () => {
  const forbidden = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|(?:window|globalThis)\.\w+\s*=[^=]/;
  for (const { name, text } of files) assert.doesNotMatch(text, forbidden, name);
});

test("modules are small", () => {
  for (const { name, text } of files) assert.ok(text.split("\n").length <= 300, name);
});

// A name that was moved or renamed would leave the whole page dead.
test("every name that is imported is exported there", () => {
  const exported = Object.fromEntries(files.map(({ name, text }) => [name, [...text.matchAll(/^export (?:async )?(?:function|class|const) (\w+)/gm)].map(([, one]) => one)]));
  for (const { name, text } of files) {
    for (const [, names, from] of text.matchAll(/^import \{([^}]*)\} from "\.\/([\w./-]+)";$/gm)) {
      for (const one of names.split(",").map((part) => part.trim().split(" as ")[0]).filter(Boolean)) {
        assert.ok(exported[from]?.includes(one), `${name} imports ${one} from ${from}`);
      }
    }
  }
});
