import assert from "node:assert/strict";
import test from "node:test";

import { newId } from "../../labeling_ui/static/labeling_ui/js/uuid.js";

test("an id is a random UUID in the form that the server takes", () => {
  for (let turn = 0; turn < 100; turn += 1) assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("no two labels get the same id", () => {
  assert.equal(new Set(Array.from({ length: 1000 }, newId)).size, 1000);
});

test("every digit that may be random is", () => {
  const ids = Array.from({ length: 600 }, newId);
  for (const place of ids[0].matchAll(/[0-9a-f]/g)) {
    const digits = new Set(ids.map((id) => id[place.index])).size;
    assert.equal(digits, { 14: 1, 19: 4 }[place.index] ?? 16, `place ${place.index}`);
  }
});

test("an id is made without what browsers keep for secure pages", (context) => {
  context.mock.method(crypto, "randomUUID", () => assert.fail("asked"));
  assert.equal(newId().length, 36);
});
