import assert from "node:assert/strict";
import test from "node:test";

import { BAD, GREAT, OKAY } from "../../labeling_ui/static/labeling_ui/js/label_state.js";
import { begin, next } from "../../labeling_ui/static/labeling_ui/js/practice_state.js";
import { continueWords, verdictWords } from "../../labeling_ui/static/labeling_ui/js/practice_words.js";

test("a verdict names what was given and what we say", () => {
  assert.equal(verdictWords([GREAT], GREAT), "Great, as we say too.");
  assert.equal(verdictWords([OKAY, GREAT], GREAT), "Great is fine too; we say Okay.");
  assert.equal(verdictWords([BAD], OKAY), "You say Okay, we say Bad.");
  assert.equal(verdictWords([GREAT, OKAY], BAD), "You say Bad, we say Great, or Okay.");
});

test("the button says what comes next", () => {
  const steps = [{ right: [GREAT] }, { right: [BAD] }];
  const run = [{ name: "a", steps }, { name: "b", steps, are_options: true }];
  const words = [];
  let state = begin(run);
  while (state.at < run.length && words.length < 20) {
    words.push(continueWords(state));
    state = next(state, state.isJudged ? { type: "continue" } : { type: "rate", rating: GREAT });
  }
  assert.deepEqual(words, [
    "Rate the step first",
    "Next step",
    "Rate the step first",
    "Next exercise",
    "Rate the option first",
    "Next option",
    "Rate the option first",
    "To the end",
  ]);
});
