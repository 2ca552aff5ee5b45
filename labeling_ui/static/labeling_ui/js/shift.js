// A labeler's shift: which solution is in front, which one follows, and what becomes of a label that is done. A desk
// shows the work (solution_desk.js, dialogue_desk.js), supply.js knows what comes next, the outbox brings labels home.

import { fuller, timesIn } from "./drafts.js";
import { whenIdle } from "./idle.js";
import { EMPTY, handedIn, received, renewed } from "./supply.js";
import { newId } from "./uuid.js";
import { say } from "./words.js";

// Under this a person does not notice that they waited.
const PATIENCE = 400;
const AHEAD_LEASE = 120_000;
const REMEMBERED = 10; // labels that can be undone without asking the server

export class Shift {
  #parts;
  #supply = EMPTY;
  #front = null; // the assignment that is worked on
  #paused = []; // {assignment, draft}: what was in front before a label was opened again, the newest last
  #localDrafts = new Map(); // by slot: those of solutions set aside, known before they are shown
  #done = []; // {assignment, body} of this visit, the newest last
  #gone = new Set(); // slots that were handed in; an answer that was on its way meanwhile may still name one
  #claiming = null; // the claim that is on its way
  #isSubmitting = false;

  // parts: {config, identity, outbox, drafts, lease, status, problem, bar, seen, timer, desk, tab, rest, panels, blocked(answer)}
  constructor(parts) {
    this.#parts = parts;
  }

  get assignment() {
    return this.#front;
  }

  // Work on what is in front -----------------------------------------------------------------------------------------

  // Something changed: on the device at once, on the server soon.
  keep() {
    if (!this.#front) return;
    const { drafts, lease, status } = this.#parts;
    drafts.keep(this.#front, this.#draft());
    lease.touch();
    status.showOutbox({ unsaved: lease.isChanged, isOnlyHere: Boolean(this.#front.supersedes) });
  }

  reveal() {
    const { seen, problem } = this.#parts;
    if (!this.#front || seen.isAnswerShown || this.#front.policies.answer !== "on_demand") return;
    seen.note("answer");
    problem.showAnswer(this.#front.problem.answer);
    this.keep();
  }

  // `isWhole`: the desk says that nothing is missing.
  async submit({ isWhole = false } = {}) {
    const front = this.#front;
    if (!front || (this.#isSubmitting && !isWhole)) return;
    // What is whole goes also while the desk still asks for more: whatever it says then, another one is in front.
    const mayGo = isWhole || (await this.#isDone());
    if (mayGo && front === this.#front) await this.#handIn(null);
  }

  async #isDone() {
    this.#isSubmitting = true;
    try {
      return await this.#parts.desk.submit();
    } finally {
      this.#isSubmitting = false;
    }
  }

  // ask() → why, in words, or null to go on working.
  async finishEarly(reason, ask) {
    const front = this.#front;
    if (!front) return;
    const text = await ask();
    if (text !== null && front === this.#front) await this.#handIn({ reason, text });
  }

  // The next solution is there before the label is away; the label is kept on the device before it is sent.
  async #handIn(finish) {
    const { outbox, drafts, lease, bar, rest, status, config } = this.#parts;
    const assignment = this.#front;
    const body = this.#body(finish);
    this.#done = [...this.#done, { assignment, body }].slice(-REMEMBERED);
    this.#gone.add(assignment.slot);
    lease.release();
    const isStored = outbox.add({ id: body.id, url: config.urls.labels, body });
    if (!assignment.supersedes) this.#supply = handedIn(this.#supply, Date.now(), body.finish_reason);
    bar.offerUndo(true);
    this.#putAway();
    if (rest.worked(body.active_ms)) this.#parts.panels.showBreak(rest.minutes);
    else this.goOn();
    const lasts = await isStored;
    drafts.remove(assignment);
    const full = say("This device refuses to keep labels (is its storage full?). Leave this page open until all is saved.");
    status.notice("device", lasts ? null : full, { tone: "bad" });
  }

  #body(finish) {
    const { timer, seen, desk } = this.#parts;
    const assignment = this.#front;
    const judgement = desk.judgement(finish);
    timer.stop();
    const { total, active } = timer.times();
    return {
      id: newId(),
      slot: assignment.slot,
      lease_token: assignment.lease_token,
      ...judgement,
      total_time_ms: Math.round(total),
      active_ms: Math.min(Math.round(active), Math.round(total)),
      instructions_version: assignment.instructions_version,
      shown: seen.shown(),
      supersedes: assignment.supersedes,
    };
  }

  #draft() {
    const { desk, timer, seen } = this.#parts;
    const { total, active } = timer.times();
    return { ...desk.draft(), total_ms: Math.round(total), active_ms: Math.round(active), shown: seen.shown() };
  }

  // What comes next --------------------------------------------------------------------------------------------------

  // After a label, a break, or a correction that was left.
  goOn() {
    const paused = this.#paused.at(-1);
    const { current } = this.#supply;
    this.#paused = this.#paused.slice(0, -1);
    if (paused) this.#show(paused.assignment, paused.draft);
    else if (current) this.#show(current, fuller(this.#localDrafts.get(current.slot), current.draft));
    else this.#wait();
  }

  claim() {
    return (this.#claiming ??= this.#claim().finally(() => (this.#claiming = null)));
  }

  async #claim() {
    const { identity, config, tab, status, panels } = this.#parts;
    if (this.#front || !tab.isOurs || panels.is("break")) return;
    const answer = await identity.post(config.urls.claim, {});
    if (answer.kind === "ok") {
      status.notice("connection", null);
      await this.receive(answer.data);
      if (tab.isOurs && !this.#front && !this.#supply.current) panels.show("empty");
    } else if (answer.data?.code === "rules_changed") await this.#showRules();
    else {
      panels.showTrouble(answer.sentence);
      if (answer.kind === "signed_out") this.#parts.blocked(answer);
    }
  }

  // The server's word on what is ours: {assignment, ahead}. A tab that does not work keeps none of it: the tab that does
  // would hand it in meanwhile.
  async receive(work) {
    const { outbox, drafts, status, tab, panels } = this.#parts;
    const sent = new Set([...(await outbox.slots()), ...this.#gone]);
    if (!tab.isOurs) return;
    this.#supply = received(this.#supply, work, sent, { leaseMs: AHEAD_LEASE, now: Date.now() });
    const { current, ahead, lost } = this.#supply;
    if (lost && !this.#front?.supersedes) status.notice("lease", say("This solution may have gone to somebody else meanwhile. What you submit is still kept."));
    if (ahead) await this.#prepare(ahead);
    if (!current || this.#front || this.#paused.length || !tab.isOurs || panels.is("break")) return;
    const local = await drafts.of(current);
    if (!this.#front && tab.isOurs) this.#show(current, fuller(local, current.draft));
  }

  renewed({ ahead_until }) {
    this.#supply = renewed(this.#supply, ahead_until !== null, { leaseMs: AHEAD_LEASE, now: Date.now() });
  }

  async acknowledge() {
    const { identity, config, panels } = this.#parts;
    const version = Number(document.querySelector("[data-new-version]").textContent);
    const answer = await identity.post(config.urls.acknowledge, { version });
    if (answer.kind !== "ok") return panels.showTrouble(answer.sentence);
    await this.#claiming; // it may have been asked before
    await this.claim();
  }

  // Another tab took over: nothing here is in front any more.
  leave() {
    const { desk, lease, timer, panels, bar } = this.#parts;
    desk.clear();
    lease.release();
    timer.stop();
    [this.#paused, this.#done, this.#supply] = [[], [], EMPTY];
    this.#putAway();
    bar.offerUndo(false);
    panels.show("elsewhere");
  }

  // Corrections ------------------------------------------------------------------------------------------------------

  // The newest label of this visit, opened again from what this page knows: no need to wait for the server.
  undo() {
    const newest = this.#done.at(-1);
    if (!newest || this.#isSubmitting) return;
    this.#done = this.#done.slice(0, -1);
    this.#parts.bar.offerUndo(this.#done.length > 0);
    const { assignment, body } = newest;
    const { ratings, total_time_ms, active_ms, shown, extensions } = body;
    const draft = { ratings, total_ms: total_time_ms, active_ms, shown, extensions, edits: [] };
    this.#open({ ...assignment, lease_until: null, supersedes: body.id }, draft);
  }

  // → the server's answer
  async reopen(id) {
    const { identity, config, drafts, status } = this.#parts;
    const answer = await identity.get(config.urls.reopen.replace("00000000-0000-0000-0000-000000000000", id));
    const draft = answer.kind === "ok" ? fuller(await drafts.of(answer.data), answer.data.draft) : null;
    if (!draft) status.notice("reopened", answer.sentence);
    else if (this.#parts.tab.isOurs) this.#open(answer.data, draft);
    return answer;
  }

  leaveReopened() {
    if (!this.#front?.supersedes) return;
    this.#parts.drafts.remove(this.#front);
    this.#putAway();
    this.goOn();
  }

  // What was in front, a correction too, comes back afterwards; one of the same label goes on where it was.
  #open(assignment, draft) {
    const waiting = this.#front ? [...this.#paused, { assignment: this.#front, draft: this.#draft() }] : this.#paused;
    const isSame = ({ slot, supersedes }) => slot === assignment.slot && supersedes === assignment.supersedes;
    const begun = waiting.find((one) => isSame(one.assignment));
    this.#paused = waiting.filter((one) => one.assignment.slot !== assignment.slot);
    this.#show(assignment, begun?.draft ?? draft);
  }

  #putAway() {
    this.#front = null;
    this.#parts.status.showOutbox({ isOnlyHere: false });
  }

  // What the page shows ----------------------------------------------------------------------------------------------

  #show(assignment, draft) {
    const { desk, timer, seen, lease, status, panels, problem } = this.#parts;
    scrollTo({ top: 0, behavior: "instant" }); // before anything changes: it makes the browser lay the page out
    desk.clear();
    this.#front = assignment;
    timer.start({ total: draft?.total_ms, active: draft?.active_ms, ms: timesIn(draft) });
    seen.start(assignment, draft);
    lease.hold(assignment, () => this.#draft());
    status.notice("lease", null);
    const isBegun = (one) => Boolean(one.assignment.supersedes && one.draft?.edits?.length);
    status.showOutbox({ isOnlyHere: [...this.#paused, { assignment, draft }].some(isBegun) });
    this.#showThatItIsACorrection(assignment);
    panels.show(null);
    problem.show(assignment, { isAnswerShown: seen.isAnswerShown });
    desk.show(assignment, draft);
  }

  #showThatItIsACorrection({ supersedes }) {
    const sentence = supersedes ? say("You are correcting a label that you gave before.") : null;
    const button = { act: () => this.leaveReopened(), text: say("Leave it as it was") };
    this.#parts.status.notice("reopened", sentence, { button });
  }

  async #showRules() {
    const { identity, config, panels } = this.#parts;
    const answer = await identity.get(config.urls.acknowledge);
    if (answer.kind === "ok") panels.showRules(answer.data);
    else panels.showTrouble(answer.sentence);
  }

  #wait() {
    this.#parts.bar.update({ submit: say("Saving…"), isReady: false });
    const { panels, outbox } = this.#parts;
    // What the server has said meanwhile (nothing is left, the rules have changed) stays.
    setTimeout(() => this.#front || !(panels.is(null) || panels.is("loading")) || panels.show("waiting"), PATIENCE);
    if (!outbox.isHolding) this.claim();
  }

  // Typeset what comes next while nobody waits for it.
  async #prepare(ahead) {
    this.#localDrafts.set(ahead.slot, await this.#parts.drafts.of(ahead));
    const { desk, problem } = this.#parts;
    const prepare = () => {
      problem.prepare(ahead);
      desk.prepare(ahead);
    };
    whenIdle(() => this.#supply.ahead === ahead && prepare(), { timeout: 1000 });
  }
}
