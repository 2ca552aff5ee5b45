// The sentences of a practice run that depend on its state.

import { isLastStep, lesson, verdict } from "./practice_state.js";
import { say, sayRating } from "./words.js";

// `right`: the ratings that are fine, ours first.
export function verdictWords(right, given) {
  const [first, second] = right.map(sayRating);
  const kind = verdict({ right }, given);
  if (kind === "same") return say("{rating}, as we say too.", { rating: first });
  if (kind === "also") return say("{rating} is fine too; we say {ours}.", { rating: sayRating(given), ours: first });
  const values = { rating: sayRating(given), ours: first, other: second };
  if (second) return say("You say {rating}, we say {ours}, or {other}.", values);
  return say("You say {rating}, we say {ours}.", values);
}

export function continueWords(state) {
  if (!state.isJudged) return lesson(state).are_options ? say("Rate the option first") : say("Rate the step first");
  if (!isLastStep(state)) return lesson(state).are_options ? say("Next option") : say("Next step");
  return state.at === state.lessons.length - 1 ? say("To the end") : say("Next exercise");
}
