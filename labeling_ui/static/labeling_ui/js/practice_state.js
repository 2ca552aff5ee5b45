// A practice run as pure functions: state and event in, state out. No page, no storage, no network.
//
// The way through a lesson is ours, whatever is rated: a step counts from then on with the rating that we give it, so
// that nobody runs into nonsense behind an error that they missed. `answers` holds what was given, lesson by lesson.

import { RATINGS } from "./label_state.js";

// `lessons` as the page brings them: [{name, steps: [{right: [rating, …], theme}], …}]. `kept`: what `toKeep` gave.
export function begin(lessons, kept = null) {
  const answers = usable(lessons, kept?.answers ?? {});
  const open = answers.findIndex((given, at) => given.length < lessons[at].steps.length);
  const at = open < 0 ? lessons.length : open;
  const state = { lessons, answers, at, isJudged: false };
  return kept?.isJudged ? backToVerdict(state) : state;
}

// Events: {type: "rate", rating} · {type: "continue"} · {type: "restart"}
export function next(state, event) {
  return HANDLERS[event.type](state, event);
}

const HANDLERS = {
  rate: (state, { rating }) => {
    if (state.isJudged || isOver(state) || !RATINGS.includes(rating)) return state;
    const answers = state.answers.map((given, at) => (at === state.at ? [...given, rating] : given));
    return { ...state, answers, isJudged: true };
  },
  continue: (state) => {
    if (!state.isJudged) return state;
    return { ...state, isJudged: false, at: isLastStep(state) ? state.at + 1 : state.at };
  },
  restart: ({ lessons }) => begin(lessons),
};

export function isOver(state) {
  return state.at === state.lessons.length;
}

// The lesson in front, or null at the end.
export function lesson(state) {
  return state.lessons[state.at] ?? null;
}

// The step that waits for its rating, or whose verdict is shown.
export function step(state) {
  return state.answers[state.at].length - (state.isJudged ? 1 : 0);
}

// The verdict that is shown has no step behind it: the lesson ends here.
export function isLastStep(state) {
  return step(state) === lesson(state).steps.length - 1;
}

// What we say to a rating: same (as ours) · also (fine too) · other
export function verdict({ right }, rating) {
  if (rating === right[0]) return "same";
  return right.includes(rating) ? "also" : "other";
}

// rated · open (waits, or shows its verdict) · later (not reached) · after (behind the error). Only a solution ends so.
export function kindOf(state, place) {
  const { steps } = lesson(state);
  if (place < step(state)) return "rated";
  if (place === step(state)) return "open";
  if (place < steps.length) return "later";
  return state.isJudged && isLastStep(state) ? "after" : "later";
}

// → {rated, right, missed: [{theme, steps: [{lesson, step, rating}]}]}, what was missed most often first.
export function summary(state) {
  const given = state.answers.flatMap((ratings, at) => ratings.map((rating, place) => judged(state.lessons[at], place, rating)));
  const missed = new Map();
  for (const one of given.filter(({ kind }) => kind === "other")) {
    missed.set(one.step.theme, [...(missed.get(one.step.theme) ?? []), one]);
  }
  return {
    rated: given.length,
    right: given.filter(({ kind }) => kind !== "other").length,
    missed: [...missed].map(([theme, steps]) => ({ theme, steps })).sort((a, b) => b.steps.length - a.steps.length),
  };
}

export function toKeep({ lessons, answers, isJudged }) {
  return { answers: Object.fromEntries(lessons.map(({ name }, at) => [name, answers[at]])), isJudged };
}

function judged(lesson, place, rating) {
  const step = lesson.steps[place];
  return { lesson, step, rating, kind: verdict(step, rating) };
}

// What a browser kept may be of another edition of the lessons, or broken: use it as far as it fits, in order.
function usable(lessons, kept) {
  let isOpen = true;
  return lessons.map(({ name, steps }) => {
    const given = isOpen && Array.isArray(kept[name]) ? kept[name] : [];
    const bad = given.findIndex((rating) => !RATINGS.includes(rating));
    const fitting = given.slice(0, bad < 0 ? steps.length : Math.min(bad, steps.length));
    isOpen = fitting.length === steps.length;
    return fitting;
  });
}

// The page was left while a verdict was read: show it again.
function backToVerdict(state) {
  const at = !isOver(state) && state.answers[state.at].length > 0 ? state.at : state.at - 1;
  return at < 0 ? state : { ...state, at, isJudged: true };
}
