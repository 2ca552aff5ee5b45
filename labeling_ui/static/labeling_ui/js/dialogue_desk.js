// Phase 1 at work: a dialogue in which all options of a step are rated, and the server draws the one that it goes on
// with. Joins dialogue_state.js with the view; what becomes of a finished label is the page's business.

import { DialogueView } from "./dialogue_view.js";
import { asked, beginDialogue, canAdvance, dialogueRatings, finalsCalledGreat, isStalled, nextDialogue, openTurn, timeKeyOf, troubleWithOwn } from "./dialogue_state.js";
import { BAD, GREAT, OKAY } from "./label_state.js";
import { splitAnswer } from "./maths_text.js";
import { say, sayRating } from "./words.js";

const ASK_AGAIN = 700;

export class DialogueDesk {
  #host;
  #view;
  #assignment = null;
  #state = null;
  #asking = null; // the question that is on its way; an answer to an older one is dropped
  #again = null;

  // host: {timer, seen, bar, post(name, body), changed(), submit(), announce(sentence), confirm(finals, guess)}
  constructor(host) {
    this.#host = host;
    this.#view = new DialogueView(document.querySelector("[data-dialogue]"));
  }

  connect() {
    this.#view.connect({
      rate: (option, rating) => this.#rate(rating, option),
      flag: (option) => this.#change({ type: "flag", option }),
      own: (text) => this.#change({ type: "own", text }, { isTyping: true }),
      back: () => this.#change({ type: "back" }),
      write: () => this.#change({ type: "compose" }),
      submit: () => this.#host.submit(),
      ask: () => this.#ask(),
    });
  }

  get place() {
    return this.#state?.turns.length ?? 0;
  }

  acts() {
    return {
      bad: () => this.#rate(BAD),
      okay: () => this.#rate(OKAY),
      great: () => this.#rate(GREAT),
      previous: () => this.#previous(),
      next: () => this.#change({ type: "move", by: 1 }),
      unsure: () => this.#change({ type: "flag" }),
      write: () => this.#change({ type: "compose" }),
    };
  }

  prepare() {}

  forgetPrepared() {}

  show(assignment, draft) {
    this.#assignment = assignment;
    this.#state = beginDialogue(draft, { reopened: assignment.supersedes !== null && !draft?.open });
    this.#view.open();
    this.#showAll();
    this.#ask();
  }

  clear() {
    clearTimeout(this.#again);
    this.#assignment = this.#asking = null;
    this.#view.close();
  }

  draft() {
    return { ratings: dialogueRatings(this.#state, this.#times.ms), open: openTurn(this.#state), edits: this.#state.edits };
  }

  // Submitting is one turn more, and the end of the label only where the dialogue is over.
  async submit() {
    if (this.#state.stage === "over") return true;
    if (!canAdvance(this.#state)) {
      this.#host.announce(this.#missing());
      if (this.#state.stage === "composing") this.#view.focusOwn();
      return false;
    }
    const assignment = this.#assignment;
    const finals = this.#state.stage === "rating" ? finalsCalledGreat(this.#state, isFinal) : [];
    if (finals.length && !(await this.#host.confirm(finals.map(answerIn), this.#guess))) return false;
    if (assignment !== this.#assignment) return false;
    this.#change({ type: "advance" });
    if (this.#state.stage === "asking") this.#ask();
    return false;
  }

  judgement(finish) {
    return {
      finish_reason: finish?.reason ?? "solution",
      reason: finish?.text ?? "",
      ratings: dialogueRatings(this.#state, this.#times.ms),
      edits: this.#state.edits,
      extensions: {},
    };
  }

  get #times() {
    return this.#host.timer.times();
  }

  get #guess() {
    return this.#host.seen.isAnswerShown ? this.#assignment.problem.answer : null;
  }

  #rate(rating, option = this.#state?.cursor) {
    if (!this.#assignment || !this.#change({ type: "rate", rating, option, ms: this.#times.total })) return;
    this.#host.announce(say("Option {option}: {rating}.", { option: option + 1, rating: sayRating(rating) }));
  }

  // Before the first option stands the turn before; a way back as long as nothing is rated here.
  #previous() {
    if (!this.#assignment) return;
    const { stage, cursor, ratings } = this.#state;
    const isUntouched = ratings.every((rating) => rating === null);
    if (stage === "composing" || (stage === "rating" && cursor === 0 && isUntouched)) this.#change({ type: "back" });
    else this.#change({ type: "move", by: -1 });
  }

  // → whether anything changed
  #change(event, { isTyping = false } = {}) {
    if (!this.#assignment) return false;
    const before = this.#state;
    this.#state = nextDialogue(before, event);
    if (this.#state === before) return false;
    if (!["move", "focus", "placed"].includes(event.type)) this.#host.changed();
    this.#showAll({ isTyping });
    if (event.type === "back" && this.#state.stage === "asking") this.#ask();
    return true;
  }

  // Where does it stand? Asked again while the generator works and while the server is away.
  async #ask() {
    clearTimeout(this.#again);
    const { slot, lease_token } = this.#assignment;
    const asking = (this.#asking = {});
    const answer = await this.#host.post("dialogue", { slot, lease_token, turns: asked(this.#state) });
    if (asking !== this.#asking) return;
    if (answer.kind !== "ok") return this.#showTrouble(answer);
    this.#change({ type: "placed", position: answer.data });
    if (isStalled(this.#state)) this.#host.seen.note("stalled");
    if (this.#state.stage === "over") this.#host.submit();
    else if (this.#state.stage === "asking") this.#again = setTimeout(() => this.#ask(), ASK_AGAIN);
    else this.#host.announce(this.#invitation());
  }

  #showTrouble(answer) {
    this.#view.showTrouble(answer.sentence);
    if (answer.kind === "away") this.#again = setTimeout(() => this.#ask(), answer.retryAfter ?? 3000);
  }

  #invitation() {
    if (this.#state.stage === "composing") return say("None of the options will do: please write the next step.");
    return say("{count} options for step {step}.", { count: this.#state.options.length, step: this.#state.turns.length + 1 });
  }

  #missing() {
    if (this.#state.stage === "asking") return say("The options are being prepared…");
    if (this.#state.stage === "rating") return say("Please rate all options.");
    return troubleWithOwn(this.#state) === "empty" ? say("Please write the next step.") : say("Your step stands there already.");
  }

  #showAll({ isTyping = false } = {}) {
    const state = this.#state;
    const place = state.stage === "composing" ? state.options.length : state.cursor;
    this.#host.timer.at(timeKeyOf(state.turns.length, place));
    this.#view.update(state, { isTyping, trouble: state.stage === "composing" && state.own ? troubleWithOwn(state) : null });
    this.#host.bar.update({
      submit: state.stage === "composing" ? say("Submit step") : say("Submit ratings"),
      hint: canAdvance(state) ? "" : this.#hint(),
      isReady: canAdvance(state),
      progress: say("Step {step}", { step: state.turns.length + 1 }),
      ticks: state.path.map(({ rating }) => ({ rating: rating ?? GREAT })),
    });
  }

  #hint() {
    const hints = { rating: say("(please rate all options)"), composing: say("(please write the next step)"), asking: say("(preparing options)") };
    return hints[this.#state.stage] ?? "";
  }
}

function isFinal(text) {
  return splitAnswer(text).answer !== null;
}

function answerIn(text) {
  return splitAnswer(text).answer;
}
