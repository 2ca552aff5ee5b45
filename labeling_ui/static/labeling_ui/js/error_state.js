// What is asked once the first error is found: how far the solution had come, explanations of the mistake, and other
// steps for the same place. Pure: state and event in, state out.
//
// An item is {kind, text, points, rating, flagged}: "progress" is rated from 1 to `points`, a "critique" and an
// "alternative" as a step is. Only alternatives can be flagged as unsure, and flagged ones are rated all the same.

import { GREAT, RATINGS } from "./label_state.js";

// → the state, or null where this project asks nothing more. `critiques`: null where none are asked for.
export function beginError(step, { points = 0, critiques = null, alternatives = [] }, draft = null) {
  const items = [
    ...(points ? [item("progress", { points })] : []),
    ...(critiques ?? []).map((text) => item("critique", { text })),
    ...alternatives.map((text) => item("alternative", { text })),
  ];
  if (items.length === 0 && critiques === null) return null;
  const state = { step, items, asksOwn: critiques !== null, own: "", cursor: 0, edits: [] };
  return withDraft(state, draft);
}

// Events: {type: "rate", rating, item?, ms?} · {type: "flag", item?} · {type: "move", by} · {type: "focus", item} · {type: "own", text}
export function nextError(state, event) {
  return HANDLERS[event.type](state, event);
}

const HANDLERS = {
  rate: (state, { rating, item: place = state.cursor, ms = 0 }) => {
    const rated = state.items[place];
    if (!rated || !scaleOf(rated).includes(rating)) return state;
    const items = state.items.with(place, { ...rated, rating });
    const option = optionOf(state, place);
    const edits = option ? [...state.edits, { step: state.step, option, rating, ms: Math.round(ms) }] : state.edits;
    const open = items.findIndex((one) => one.rating === null);
    return { ...state, items, edits, cursor: open < 0 ? place : open };
  },
  flag: (state, { item: place = state.cursor }) => {
    const flagged = state.items[place];
    if (flagged?.kind !== "alternative") return state;
    return { ...state, items: state.items.with(place, { ...flagged, flagged: !flagged.flagged }) };
  },
  move: (state, { by }) => HANDLERS.focus(state, { item: state.cursor + by }),
  focus: (state, { item: place }) => (place in state.items ? { ...state, cursor: place } : state),
  own: (state, { text }) => ({ ...state, own: text }),
};

// The ratings that an item takes, from worst to best.
export function scaleOf({ kind, points }) {
  return kind === "progress" ? Array.from({ length: points }, (_, place) => place + 1) : RATINGS;
}

// An explanation of one's own is needed where none of those shown is great.
export function needsOwn(state) {
  return state.asksOwn && !state.items.some(({ kind, rating }) => kind === "critique" && rating === GREAT);
}

// "ratings" · "own" · null when nothing is missing
export function missing(state) {
  if (state.items.some(({ rating }) => rating === null)) return "ratings";
  return needsOwn(state) && !state.own.trim() ? "own" : null;
}

// The alternatives as the label holds them; option 0 is the solution's own step. `ms`: time of each item by its key.
export function alternativeRatings(state, ms) {
  return alternatives(state).map(([entry, place], index) => ({
    step: state.step,
    option: index + 1,
    rating: entry.rating,
    flagged: entry.flagged,
    ms: Math.round(ms[timeKey(state, place)] ?? 0),
  }));
}

export function extensions(state) {
  const progress = state.items.find(({ kind }) => kind === "progress");
  const rated = state.items.filter(({ kind }) => kind === "critique").map(({ text, rating }) => ({ text, rating }));
  return {
    progress: progress?.rating ? { points: progress.points, rating: progress.rating } : null,
    critiques: state.asksOwn ? { rated: rated.filter(({ rating }) => rating !== null), own: state.own.trim() } : null,
  };
}

// An alternative's is that of its option, under which an earlier sitting gives its time back.
export function timeKey(state, place = state.cursor) {
  const option = optionOf(state, place);
  return option ? `${state.step}:${option}` : `item-${place}`;
}

function item(kind, values) {
  return { kind, text: "", points: 0, rating: null, flagged: false, ...values };
}

function alternatives(state) {
  return state.items.map((entry, place) => [entry, place]).filter(([entry]) => entry.kind === "alternative");
}

// 0 for what is no option of the step.
function optionOf(state, place) {
  return alternatives(state).findIndex(([, at]) => at === place) + 1;
}

// What was answered before about this very step, as far as it is still asked.
function withDraft(state, draft) {
  if (draft?.ratings?.at(-1)?.step !== state.step) return state;
  const { progress, critiques } = draft.extensions ?? {};
  const before = {
    progress: (entry) => (progress?.points === entry.points ? { rating: progress.rating } : {}),
    critique: (entry) => ({ rating: critiques?.rated.find(({ text }) => text === entry.text)?.rating ?? null }),
    alternative: (_, option) => {
      const known = draft.ratings.find((one) => one.step === state.step && one.option === option);
      return known ? { rating: known.rating, flagged: known.flagged } : {};
    },
  };
  const items = state.items.map((entry, place) => ({ ...entry, ...before[entry.kind](entry, optionOf(state, place)) }));
  const open = items.findIndex(({ rating }) => rating === null);
  return { ...state, items, own: critiques?.own ?? "", cursor: Math.max(open, 0) };
}
