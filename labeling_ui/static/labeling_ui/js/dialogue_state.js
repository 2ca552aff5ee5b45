// A phase-1 dialogue as pure functions: at every step all options are rated, then the solution goes on with one of them.
//
// Which one is drawn by the server, which is asked with all turns so far and answers with a position: {path, options,
// is_ready, is_over, must_write, may_write}. A turn is {ratings, flagged, own}: `own` is the step that the labeler wrote.
//
// Stages: "asking" (the server is asked, or its generator still works) · "rating" · "composing" (an own step) · "over"

import { GREAT, RATINGS } from "./label_state.js";

export function beginDialogue(draft = null, { reopened = false } = {}) {
  const turns = turnsOf(draft?.ratings ?? []);
  // A finished dialogue is opened again at its last turn; else it would be over at once.
  const open = (reopened ? turns.pop() : draft?.open) ?? null;
  return { turns, path: [], options: [], ...blank(open), stage: "asking", mustWrite: false, mayWrite: false, edits: draft?.edits ?? [] };
}

// Events: {type: "placed", position} · {type: "rate", rating, option?, ms?} · {type: "flag", option?} · {type: "move", by}
// · {type: "focus", option} · {type: "advance"} · {type: "compose"} · {type: "own", text} · {type: "back"}
export function nextDialogue(state, event) {
  return HANDLERS[event.type](state, event);
}

const HANDLERS = {
  // Only an answer to what was asked last is of use.
  placed: (state, { position }) => {
    if (state.stage !== "asking") return state;
    if (position.must_write) return placedToWrite(state, position);
    const { path, options } = position;
    if (position.is_over) return { ...state, path, options: [], ...blank(), stage: "over" };
    if (!position.is_ready) return { ...state, path, options };
    const ratings = fitted(state.ratings, options.length, null);
    const flagged = fitted(state.flagged, options.length, false);
    const isEmpty = options.length === 0;
    // An own step that was written here before is written on, not left behind.
    const isWriting = isEmpty || (state.own !== "" && isRated(ratings));
    const mustWrite = isEmpty || (isWriting && !position.may_write);
    const placed = { ...state, path, options, ratings, flagged, mustWrite, mayWrite: position.may_write || isWriting };
    return { ...placed, cursor: firstOpen(ratings), stage: isWriting ? "composing" : "rating" };
  },
  rate: (state, { rating, option = state.cursor, ms = 0 }) => {
    if (state.stage !== "rating" || !(option in state.options) || !RATINGS.includes(rating)) return state;
    const ratings = state.ratings.with(option, rating);
    const edits = [...state.edits, { step: state.turns.length, option, rating, ms: Math.round(ms) }];
    const cursor = isRated(ratings) ? option : firstOpen(ratings);
    // The step had to be written because of the ratings before: whether it still has to be is the server's to say.
    return { ...state, ratings, edits, cursor, mustWrite: false, mayWrite: state.mayWrite && !state.mustWrite };
  },
  flag: (state, { option = state.cursor }) => {
    if (state.stage !== "rating" || !(option in state.options)) return state;
    return { ...state, flagged: state.flagged.with(option, !state.flagged[option]) };
  },
  move: (state, { by }) => HANDLERS.focus(state, { option: state.cursor + by }),
  focus: (state, { option }) => (state.stage === "rating" && option in state.options ? { ...state, cursor: option } : state),
  advance: (state) => {
    if (!canAdvance(state)) return state;
    // The server has said that these ratings leave nothing to go on with: back to the step that was begun.
    if (state.stage === "rating" && state.mustWrite) return { ...state, stage: "composing" };
    const own = state.stage === "composing" ? state.own.trim() : "";
    const turns = [...state.turns, { ratings: state.ratings, flagged: state.flagged, own }];
    return { ...state, turns, ...blank(), options: [], stage: "asking", mustWrite: false, mayWrite: false };
  },
  compose: (state) => (state.stage === "rating" && state.mayWrite && isRated(state.ratings) ? { ...state, stage: "composing" } : state),
  own: (state, { text }) => (state.stage === "composing" ? { ...state, own: text } : state),
  // From the own step to the ratings, from untouched ratings to the turn before.
  back: (state) => {
    if (state.stage === "composing" && state.options.length) return { ...state, stage: "rating" };
    if (state.turns.length === 0 || !["rating", "composing"].includes(state.stage)) return state;
    return { ...state, turns: state.turns.slice(0, -1), path: state.path.slice(0, -1), options: [], ...blank(state.turns.at(-1)), stage: "asking" };
  },
};

export function isRated(ratings) {
  return ratings.every((rating) => rating !== null);
}

export function canAdvance(state) {
  if (state.stage === "composing") return troubleWithOwn(state) === null;
  return state.stage === "rating" && isRated(state.ratings);
}

// The solution does not come forward: the labeler is told, and may write the step though some option would do.
export function isStalled({ stage, mayWrite, mustWrite }) {
  return stage === "rating" && mayWrite && !mustWrite;
}

// "empty" · "duplicate" · null for a step that may go in
export function troubleWithOwn(state) {
  const own = state.own.trim();
  if (!own) return "empty";
  const there = [...state.options, ...state.path.map(({ text }) => text)].map((text) => text.trim());
  return there.includes(own) ? "duplicate" : null;
}

// Options called great that end the problem with their answer: to be confirmed. isFinal(text) knows an answer.
export function finalsCalledGreat(state, isFinal) {
  return state.options.filter((text, option) => state.ratings[option] === GREAT && isFinal(text));
}

// What the server is asked.
export function asked(state) {
  return state.turns.map(({ ratings, own }) => ({ ratings, own }));
}

// The whole turns as the label holds them. `ms`: time of each option by its key.
export function dialogueRatings(state, ms) {
  return state.turns.flatMap(({ ratings, flagged, own }, step) => {
    const time = (option) => Math.round(ms[timeKeyOf(step, option)] ?? 0);
    const rated = ratings.map((rating, option) => ({ step, option, rating, flagged: flagged[option], ms: time(option) }));
    const written = { step, option: ratings.length, rating: null, text: own, ms: time(ratings.length) };
    return own ? [...rated, written] : rated;
  });
}

// What is not a whole turn yet, for a draft. Who went back to the ratings may not need the own step any more.
export function openTurn({ stage, ratings, flagged, own }) {
  return { ratings, flagged, own: stage === "rating" ? "" : own };
}

export function timeKeyOf(step, option) {
  return `${step}:${option}`;
}

function blank(turn = null) {
  return { ratings: turn?.ratings ?? [], flagged: turn?.flagged ?? [], own: turn?.own ?? "", cursor: 0 };
}

// Nothing that was offered will do: back to that turn, to write the step.
function placedToWrite(state, { path, options }) {
  const turn = state.turns.at(-1);
  return { ...state, turns: state.turns.slice(0, -1), path, options, ...blank(turn), stage: "composing", mustWrite: true, mayWrite: true };
}

function fitted(values, length, missing) {
  return values.length === length ? values : Array.from({ length }, () => missing);
}

function firstOpen(ratings) {
  return Math.max(ratings.indexOf(null), 0);
}

function turnsOf(rows) {
  const turns = [];
  for (const { step, rating, flagged = false, text = "" } of rows) {
    turns[step] ??= { ratings: [], flagged: [], own: "" };
    if (text) turns[step].own = text;
    else {
      turns[step].ratings.push(rating);
      turns[step].flagged.push(flagged);
    }
  }
  return turns;
}
