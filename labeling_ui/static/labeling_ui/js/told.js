// What a labeler is told of a solution that was for practice.

import { say } from "./words.js";

// feedback: {agrees, error_steps (from 0; none: no error), explanation} → a few sentences
export function told({ agrees, error_steps, explanation }) {
  const verdict = agrees
    ? say("The last solution was for practice, and you have seen what there is to see.")
    : say("The last solution was for practice, and you have missed something.");
  return [verdict, known(error_steps), explanation].filter(Boolean).join(" ");
}

function known(steps) {
  if (steps.length === 0) return say("It has no error.");
  return say("Its first error is at step {steps}.", { steps: steps.map((step) => step + 1).join(" / ") });
}
