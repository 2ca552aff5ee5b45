// The labeling of one solution as pure functions: state and event in, state out. No page, no clock, no network.
//
// Rules (the phase-2 protocol): steps are rated in order; the first Bad ends the solution; until it is submitted every
// rating may be corrected. `ratings` is a prefix of the solution's steps and holds at most one Bad, as its last entry.

export const BAD = -1;
export const OKAY = 0;
export const GREAT = 1;
const RATINGS = [BAD, OKAY, GREAT];

export function begin(steps, draft = null) {
  const ratings = usableDraft(draft, steps.length);
  const state = { count: steps.length, ratings, cursor: 0 };
  return { ...state, cursor: restingPlace(state) };
}

// Events: {type: "rate", rating, step?} · {type: "move", by: -1 | 1} · {type: "focus", step}
export function next(state, event) {
  return HANDLERS[event.type](state, event);
}

const HANDLERS = {
  rate: (state, { rating, step = state.cursor }) => {
    if (!isReachable(state, step) || !RATINGS.includes(rating)) return state;
    const later = rating === BAD ? [] : state.ratings.slice(step + 1);
    const rated = { ...state, ratings: [...state.ratings.slice(0, step), rating, ...later], cursor: step };
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
  return state.count > 0 && state.ratings.length === state.count ? "solution" : null;
}

// rated · open (waits for its rating) · later (not reached) · after (behind the first error, never rated)
export function kindOf(state, step) {
  if (step < state.ratings.length) return "rated";
  if (firstError(state) !== null) return "after";
  return step === state.ratings.length ? "open" : "later";
}

// `ms` holds the active milliseconds spent on each step.
export function ratingsWithTimes(state, ms) {
  return state.ratings.map((rating, step) => ({ step, option: 0, rating, ms: Math.round(ms[step] ?? 0) }));
}

// The body of the label. `finish` is {reason: "give_up" | "bad_problem", text} or null for an ordinary submit.
export function label(state, assignment, { id, finish = null, times }) {
  const reason = finish ? finish.reason : finishReason(state);
  if (reason === null) throw new Error("A label needs its first error, all its ratings, or a reason to stop.");
  if (finish && !finish.text.trim()) throw new Error("Giving up and bad problems need a reason in words.");
  return {
    id,
    slot: assignment.slot,
    lease_token: assignment.lease_token,
    finish_reason: reason,
    reason: finish ? finish.text.trim() : "",
    ratings: ratingsWithTimes(state, times.ms),
    total_time_ms: Math.round(times.total),
    active_ms: Math.min(Math.round(times.active), Math.round(times.total)),
    instructions_version: assignment.instructions_version,
    shown: { answer: assignment.problem.answer !== null, read_ahead: assignment.read_ahead },
  };
}

// The steps in front of a person's eyes: reached ones always, the rest only where the project lets people read ahead.
export function isReadable(state, step, readAhead) {
  return readAhead || ["rated", "open"].includes(kindOf(state, step));
}

function isReachable(state, step) {
  return Number.isInteger(step) && step >= 0 && step < state.count && ["rated", "open"].includes(kindOf(state, step));
}

function restingPlace(state) {
  return openStep(state) ?? Math.max(state.ratings.length - 1, 0);
}

// A draft comes from the server and may be older than this code: keep its longest part that obeys the rules.
function usableDraft(draft, count) {
  const ratings = [];
  for (const [place, entry] of (draft?.ratings ?? []).entries()) {
    if (place >= count || entry.step !== place || !RATINGS.includes(entry.rating)) break;
    ratings.push(entry.rating);
    if (entry.rating === BAD) break;
  }
  return ratings;
}
