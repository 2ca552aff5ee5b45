// Phase 2 at work: the steps of one solution, and what is asked once the first error is found. Joins label_state.js and
// error_state.js with the views; what becomes of a finished label is the page's business.

import { ErrorView } from "./error_view.js";
import { alternativeRatings, beginError, extensions, missing, needsOwn, nextError, timeKey } from "./error_state.js";
import { BAD, GREAT, OKAY, begin, endsNeutral, finishReason, firstError, next, openStep, peekable, ratingsWithTimes } from "./label_state.js";
import { OptionsSource } from "./options_source.js";
import { StepsView } from "./steps_view.js";
import { Wait } from "./wait.js";
import { say, sayRating } from "./words.js";

export class SolutionDesk {
  #host;
  #steps;
  #sheet;
  #alternatives;
  #critiques;
  #assignment = null;
  #draft = null;
  #state = null;
  #error = null; // the state of error_state.js, while the sheet is open
  #waiting = new Wait(() => this.#sheet.showWaiting()); // for what the sheet asks about
  #peeked = -1;
  #lacking = new Set(); // steps for which there are no alternatives

  // host: {timer, seen, bar, post(name, body), changed(), submit(), announce(sentence)}
  constructor(host) {
    this.#host = host;
    this.#steps = new StepsView(document.querySelector("[data-steps]"), document.querySelector("[data-step-template]"));
    this.#sheet = new ErrorView(document.querySelector("[data-error-sheet]"));
    const at = (name) => (assignment, step) => host.post(name, { slot: assignment.slot, lease_token: assignment.lease_token, step });
    this.#alternatives = new OptionsSource(at("alternatives"));
    this.#critiques = new OptionsSource(at("critiques"));
  }

  connect() {
    this.#steps.connect({ rate: (step, rating) => this.#rate(rating, step) });
    this.#sheet.connect({
      rate: (item, rating) => this.#changeError({ type: "rate", rating, item, ms: this.#ms }),
      flag: (item) => this.#changeError({ type: "flag", item }),
      own: (text) => this.#changeError({ type: "own", text }),
      back: () => this.#closeSheet(),
      skip: () => this.#skip(),
      submit: () => this.#host.submit(),
    });
  }

  get place() {
    return this.#state?.cursor ?? 0;
  }

  acts() {
    const scale = { bad: BAD, okay: OKAY, great: GREAT };
    const points = ["bad", "okay", "great", "fourth", "fifth"];
    const rate = (act) => () => {
      const item = this.#error?.items[this.#error.cursor];
      if (item?.kind === "progress") this.#changeError({ type: "rate", rating: points.indexOf(act) + 1, ms: this.#ms });
      else if (this.#error) this.#changeError({ type: "rate", rating: scale[act], ms: this.#ms });
      else this.#rate(scale[act]);
    };
    return {
      ...Object.fromEntries(points.map((act) => [act, rate(act)])),
      previous: () => this.#move(-1),
      next: () => this.#move(1),
      peek: () => this.#peek(),
      unsure: () => this.#changeError({ type: "flag" }),
    };
  }

  prepare(assignment) {
    this.#steps.prepare(assignment);
  }

  forgetPrepared() {
    this.#steps.forgetPrepared();
  }

  show(assignment, draft) {
    [this.#assignment, this.#draft, this.#error, this.#peeked] = [assignment, draft, null, -1];
    this.#alternatives.forget();
    this.#lacking.clear();
    this.#critiques.forget();
    this.#state = begin(assignment.steps.length, draft, { neutralEnd: assignment.policies.neutral_end });
    this.#host.timer.at(this.#state.cursor);
    this.#sheet.close();
    this.#steps.show(assignment, this.#state);
    this.#showBar();
    this.#fetchAhead();
    // A solution begun elsewhere opens where it was left; a new one opens at its problem.
    this.#steps.settle(this.#state.cursor, { scroll: this.#state.cursor > 0 });
    this.#host.announce(say("A new solution with {steps} steps.", { steps: assignment.steps.length }));
  }

  clear() {
    this.#waiting.leave();
    this.#assignment = null;
    this.#sheet.close();
  }

  draft() {
    const times = this.#host.timer.times();
    const more = this.#error ? this.#fromSheet(times.ms) : {};
    return { ratings: [...ratingsWithTimes(this.#state, times.ms), ...(more.ratings ?? [])], extensions: more.extensions, edits: this.#edits };
  }

  // → whether the label may go, asking first for what is missing.
  async submit() {
    if (this.#waiting.isOn) return false;
    if (this.#error) return this.#isSheetDone();
    const reason = finishReason(this.#state);
    if (reason === null) {
      this.#host.announce(endsNeutral(this.#state) ? lastStepHint() : say("Not yet: find the first error, or rate all steps."));
      return false;
    }
    return reason === "solution" || (await this.#openSheet());
  }

  // What the labeler decided. `finish`: {reason, text} to stop early.
  judgement(finish) {
    const { ms } = this.#host.timer.times();
    const error = finish ? null : this.#error;
    return {
      finish_reason: finish?.reason ?? finishReason(this.#state),
      reason: finish?.text ?? "",
      ratings: [...ratingsWithTimes(this.#state, ms), ...(error ? alternativeRatings(error, ms) : [])],
      edits: this.#edits,
      extensions: error ? extensions(error) : {},
    };
  }

  get #edits() {
    return [...this.#state.edits, ...(this.#error?.edits ?? [])];
  }

  get #ms() {
    return this.#host.timer.times().total;
  }

  #rate(rating, step = this.#state.cursor) {
    if (!this.#assignment || this.#error || this.#waiting.isOn) return;
    const before = this.#state;
    this.#change(next(before, { type: "rate", rating, step, ms: this.#ms }));
    if (this.#state === before) return;
    this.#host.changed();
    this.#fetchAhead();
    const ready = this.#asksMore ? say("Ready to go on.") : say("Ready to submit.");
    const where = openStep(this.#state) === null ? ready : say("Step {step}.", { step: this.#state.cursor + 1 });
    this.#host.announce(`${say("Step {step}: {rating}.", { step: step + 1, rating: sayRating(rating) })} ${where}`);
  }

  // After the first error a sheet asks for more, where the project wants it and there is something to ask.
  get #asksMore() {
    const step = firstError(this.#state);
    const { alternatives, critiques, progress_points } = this.#assignment.policies;
    return step !== null && Boolean(critiques || progress_points || (alternatives && !this.#lacking.has(step)));
  }

  #move(by) {
    if (!this.#assignment || this.#waiting.isOn) return;
    if (!this.#error) this.#change(next(this.#state, { type: "move", by }));
    else if (this.#error.cursor + by < 0) this.#closeSheet();
    else this.#changeError({ type: "move", by });
  }

  #change(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#sheet.close();
    this.#host.timer.at(state.cursor);
    this.#steps.update(state, { peeked: this.#peeked });
    this.#showBar();
    this.#steps.settle(state.cursor);
  }

  #peek() {
    const step = this.#error ? null : peekable(this.#state, this.#assignment?.policies.read_ahead, this.#peeked);
    if (step === null) return;
    this.#peeked = step;
    this.#host.seen.note("peek");
    this.#steps.update(this.#state, { peeked: step });
    this.#host.announce(say("Step {step} is shown.", { step: step + 1 }));
  }

  // Other steps for the place of the error are fetched while the labeler still looks at it.
  async #fetchAhead() {
    const [assignment, step] = [this.#assignment, firstError(this.#state)];
    if (step === null || !assignment.policies.alternatives) return;
    const found = await this.#alternatives.of(assignment, step);
    if (found.texts?.length !== 0 || assignment !== this.#assignment) return;
    this.#lacking.add(step);
    this.#showBar();
  }

  // The sheet after the first error ----------------------------------------------------------------------------------

  // → true where there is nothing to ask.
  async #openSheet() {
    const { policies } = this.#assignment;
    const assignment = this.#assignment;
    const step = firstError(this.#state);
    const found = await this.#waiting.for([
      policies.alternatives ? this.#alternatives.of(assignment, step) : { texts: [] },
      policies.critiques ? this.#critiques.of(assignment, step) : { texts: null },
    ]);
    if (!found) return false;
    const [others, critiques] = found;
    if (others.trouble !== undefined || critiques.trouble !== undefined) {
      this.#sheet.showTrouble(others.trouble || critiques.trouble);
      return false;
    }
    return this.#ask(step, { alternatives: others.texts, critiques: critiques.texts });
  }

  #ask(step, { alternatives, critiques }) {
    const { policies } = this.#assignment;
    this.#error = beginError(step, { points: policies.progress_points, critiques, alternatives }, this.#draft);
    if (!this.#error) return true;
    if (alternatives.length) this.#host.seen.note("alternatives");
    if (critiques?.length) this.#host.seen.note("critiques");
    this.#host.seen.alternatives = alternatives.length;
    this.#sheet.show(this.#error, this.#assignment.steps[step]);
    this.#showError();
    this.#host.announce(say("Please rate what stands below too."));
    return false;
  }

  #changeError(event) {
    if (!this.#error) return;
    const state = nextError(this.#error, event);
    if (state === this.#error) return;
    this.#error = state;
    this.#host.changed();
    this.#showError({ isTyping: event.type === "own" });
  }

  #showError({ isTyping = false } = {}) {
    this.#host.timer.at(timeKey(this.#error));
    this.#sheet.update(this.#error, { needsOwn: needsOwn(this.#error) });
    this.#showBar();
    if (isTyping) return;
    if (missing(this.#error) === "own") this.#sheet.focusOwn();
    else this.#sheet.settle(this.#error);
  }

  #isSheetDone() {
    const what = missing(this.#error);
    if (what === null) return true;
    this.#host.announce(what === "own" ? say("Please explain the mistake in your own words.") : say("Please rate everything that is shown."));
    if (what === "own") this.#sheet.focusOwn();
    return false;
  }

  // Nothing more can be fetched now: the label goes without it.
  #skip() {
    this.#waiting.leave();
    this.#error = null;
    this.#sheet.close();
    this.#host.submit({ isWhole: true });
  }

  #closeSheet() {
    if (this.#error) this.#draft = this.draft();
    const edits = this.#error?.edits ?? [];
    this.#state = { ...this.#state, edits: [...this.#state.edits, ...edits] };
    this.#waiting.leave();
    this.#error = null;
    this.#sheet.close();
    this.#host.timer.at(this.#state.cursor);
    this.#showBar();
    this.#steps.settle(this.#state.cursor);
  }

  #fromSheet(ms) {
    return { ratings: alternativeRatings(this.#error, ms), extensions: extensions(this.#error) };
  }

  #showBar() {
    const state = this.#state;
    const ticks = Array.from({ length: state.count }, (_, step) => ({ rating: state.ratings[step], here: step === openStep(state) }));
    const progress = say("Step {step} of {steps}", { step: state.cursor + 1, steps: state.count });
    if (this.#error) {
      const isReady = missing(this.#error) === null;
      return this.#host.bar.update({ submit: say("Submit ratings"), hint: isReady ? "" : say("(please rate everything)"), isReady, progress, ticks });
    }
    const reason = finishReason(state);
    const [submit, told] = this.#asksMore ? [say("Go on"), say("(first error found; more to rate)")] : [say("Submit"), hint(state, reason)];
    return this.#host.bar.update({ submit, hint: told, isReady: reason !== null, progress, ticks });
  }
}

function hint(state, reason) {
  if (reason === "found_error") return say("(first error found)");
  if (reason === "solution") return say("(no error in any step)");
  return endsNeutral(state) ? lastStepHint() : say("(find the first error, or rate all steps)");
}

const lastStepHint = () => say("(the last step is Great or Bad)");
