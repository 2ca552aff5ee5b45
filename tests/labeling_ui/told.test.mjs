import assert from "node:assert/strict";
import test from "node:test";

import { told } from "../../labeling_ui/static/labeling_ui/js/told.js";

test("who has seen what there is to see is told so, and why", () => {
  const words = told({ agrees: true, error_steps: [], explanation: "Each step follows." });
  assert.equal(words, "The last solution was for practice, and you have seen what there is to see. It has no error. Each step follows.");
});

test("who has missed it is told where it is, counted from one", () => {
  const words = told({ agrees: false, error_steps: [1, 2], explanation: "" });
  assert.equal(words, "The last solution was for practice, and you have missed something. Its first error is at step 2 / 3.");
});
