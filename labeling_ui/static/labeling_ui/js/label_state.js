// The labeling of one solution as pure functions: state and event in, state out. No page, no clock, no network.
//
// Rules (the phase-2 protocol): steps are rated in order; the first Bad ends the solution; until it is submitted every
// rating may be corrected. `ratings` is a prefix of the solution's steps and holds at most one Bad, as its last entry.
// `edits` is every rating in the order in which it was given; a corrected one stays in it.

export const BAD = -1;
export const OKAY = 0;
export const GREAT = 1;
export const RATINGS = [BAD, OKAY, GREAT];

// `neutralEnd`: a last step rated Okay ends a solution too.
export function begin(count, draft = null, { neutralEnd = true } = {}) {
  const state = { count, neutralEnd, ratings: usableDraft(draft, count), edits: draft?.edits ?? [], cursor: 0 };
  return { ...state, cursor: restingPlace(state) };
}

// Events: {type: "rate", rating, step?, ms?} · {type: "move", by: -1 | 1} · {type: "focus", step}
export function next(state, event) {
  return HANDLERS[event.type](state, event);
}

const HANDLERS = {
  rate: (state, { rating, step = state.cursor, ms = 0 }) => {
    if (!isReachable(state, step) || !RATINGS.includes(rating)) return state;
    const later = rating === BAD ? [] : state.ratings.slice(step + 1);
    const edits = [...state.edits, { step, option: 0, rating, ms: Math.round(ms) }];
    const rated = { ...state, ratings: [...state.ratings.slice(0, step), rating, ...later], cursor: step, edits };
    return { ...rated, cursor: restingPlace(rated) };
  },
  move: (state, { by }) => HANDLERS.focus(state, { step: state.cursor + by }),
  focus: (state, { step }) => (isReachable(state, step) ? { ...state, cursor: step } : state),
};

export function firstError(state) {
  const last = state.ratings.length - 1;
  return state.ratings[last] === BAD ? last : null;
}

// The step that waits for its first rating, or null when there is none.
export function openStep(state) {
  const done = firstError(state) !== null || state.ratings.length === state.count;
  return done ? null : state.ratings.length;
}

// What submitting now would mean, or null while it may not be submitted.
export function finishReason(state) {
  if (firstError(state) !== null) return "found_error";
  return openStep(state) === null && state.count > 0 && !endsNeutral(state) ? "solution" : null;
}

// The last step is rated Okay, which this project does not take for the end of a solution.
export function endsNeutral(state) {
  return !state.neutralEnd && state.ratings.length === state.count && state.ratings.at(-1) === OKAY;
}

// rated · open (waits for its rating) · later (not reached) · after (behind the first error, never rated)
export function kindOf(state, step) {
  if (step < state.ratings.length) return "rated";
  if (firstError(state) !== null) return "after";
  return step === state.ratings.length ? "open" : "later";
}

// The steps in front of a person's eyes: reached ones always; the others where the project lets people read ahead
// ("always"), or where they have looked ("peek"), which `peeked` says.
export function isReadable(state, step, readAhead, peeked = -1) {
  return readAhead === "always" || step <= peeked || ["rated", "open"].includes(kindOf(state, step));
}

// The step that a peek would show, or null where there is nothing to peek at.
export function peekable(state, readAhead, peeked = -1) {
  const open = openStep(state);
  const step = Math.max(open ?? state.count, peeked) + 1;
  return readAhead === "peek" && open !== null && step < state.count ? step : null;
}

// `ms` holds the active milliseconds spent on each step.
export function ratingsWithTimes(state, ms) {
  return state.ratings.map((rating, step) => ({ step, option: 0, rating, ms: Math.round(ms[step] ?? 0) }));
}

function isReachable(state, step) {
  return Number.isInteger(step) && step >= 0 && step < state.count && ["rated", "open"].includes(kindOf(state, step));
}

function restingPlace(state) {
  return openStep(state) ?? Math.max(state.ratings.length - 1, 0);
}

// A draft may be older than this code: keep its longest part that obeys the rules.
function usableDraft(draft, count) {
  const ratings = [];
  for (const entry of (draft?.ratings ?? []).filter(({ option = 0 }) => option === 0)) {
    if (ratings.length >= count || entry.step !== ratings.length || !RATINGS.includes(entry.rating)) break;
    ratings.push(entry.rating);
    if (entry.rating === BAD) break;
  }
  return ratings;
}
