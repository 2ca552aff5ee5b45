// The labeling page: joins the pure state with the parts of the page. Nothing here decides what a label means.

import { Api } from "./api.js";
import { BarView } from "./bar_view.js";
import { AttentionDialog, HelpDialog, askReason } from "./dialogs.js";
import { Identity } from "./identity.js";
import { Keyboard } from "./keyboard.js";
import { BAD, GREAT, OKAY, begin, finishReason, firstError, label, next, openStep, ratingsWithTimes } from "./label_state.js";
import { Lease } from "./lease.js";
import { fitFormulas, showBare, showText } from "./maths.js";
import { Outbox, aloneInBrowser } from "./outbox.js";
import { openStore } from "./outbox_store.js";
import { StatusView } from "./status_view.js";
import { StepsView } from "./steps_view.js";
import { StepTimer } from "./timer.js";

const LOOK_AGAIN = 20_000;
// Under this a person does not notice that they waited; the old solution stays until the next one is here.
const PATIENCE = 900;
const WORDS = { [BAD]: "Bad", [OKAY]: "Okay", [GREAT]: "Great" };

class LabelPage {
  #config;
  #identity;
  #timer = new StepTimer();
  #outbox;
  #lease;
  #status;
  #steps;
  #bar;
  #keyboard;
  #attention;
  #assignment = null;
  #state = null;
  #sent = null; // id of the label whose answer will bring the next solution
  #claiming = false;

  constructor(config) {
    this.#config = config;
    const api = new Api({ csrfCookie: config.csrf_cookie });
    this.#identity = new Identity({ api, url: config.urls.who, user: config.user });
    this.#outbox = new Outbox({
      store: openStore(config.user),
      send: (entry) => this.#identity.post(entry.url, entry.body),
      alone: aloneInBrowser(`stepmark-outbox-${config.user}`),
    });
    this.#lease = new Lease({ api: this.#identity, url: config.urls.heartbeat, sinceInput: () => this.#timer.sinceInput() });
    this.#status = new StatusView(document);
    this.#steps = new StepsView(find("steps"), find("step-template"));
    this.#bar = new BarView(find("bar"));
    this.#attention = new AttentionDialog(find("attention"), find("attention-template"), this.#outbox);
  }

  async connect() {
    const acts = this.#acts();
    this.#keyboard = new Keyboard(acts);
    const help = new HelpDialog(find("help"), this.#keyboard);
    acts.help = () => help.open();
    for (const part of [this.#timer, this.#outbox, this.#lease, this.#keyboard, help]) part.connect();
    this.#bar.connect(acts);
    this.#steps.connect({ rate: (step, rating) => this.#rate(rating, step) });
    this.#listen();
    // A label left from before goes first: the server would otherwise give its solution out again.
    await this.#outbox.flush();
    await this.#claim();
  }

  #acts() {
    return {
      bad: () => this.#rate(BAD),
      okay: () => this.#rate(OKAY),
      great: () => this.#rate(GREAT),
      previous: () => this.#move(-1),
      next: () => this.#move(1),
      submit: () => this.#submit(),
      give_up: () => this.#finishEarly("give_up"),
      bad_problem: () => this.#finishEarly("bad_problem"),
    };
  }

  #listen() {
    const on = (event, act) => this.#outbox.addEventListener(event, ({ detail }) => act(detail));
    on("change", ({ waiting, attention }) => this.#showOutbox(waiting, attention));
    on("blocked", (answer) => this.#showBlocked(answer));
    on("delivered", ({ entry, answer }) => this.#delivered(entry, answer.data));
    on("refused", ({ entry }) => entry.id === this.#sent && this.#claim());
    on("empty", () => this.#sent && this.#claim());
    this.#lease.addEventListener("lost", ({ detail }) => this.#status.notice("lease", detail.sentence));
    this.#lease.addEventListener("signed_out", ({ detail }) => this.#showBlocked(detail));
    find("open-attention").addEventListener("click", () => this.#attention.open());
    document.querySelector("[data-sign-out]").addEventListener("submit", (event) => this.#guardSignOut(event));
    for (const button of document.querySelectorAll("[data-look-again]")) button.addEventListener("click", () => this.#lookAgain());
    for (const moment of ["online", "focus"]) addEventListener(moment, () => this.#assignment ?? this.#lookAgain());
    setInterval(() => document.hidden || this.#assignment || this.#sent || this.#claim(), LOOK_AGAIN);
  }

  // Work on the solution in front ------------------------------------------------------------------------------------

  #show(assignment) {
    this.#assignment = assignment;
    this.#sent = null;
    this.#state = begin(assignment.steps, assignment.draft);
    this.#timer.start((assignment.draft?.ratings ?? []).slice(0, this.#state.ratings.length).map(({ ms }) => ms ?? 0));
    this.#timer.at(this.#state.cursor);
    this.#lease.hold(assignment, () => ({ ratings: ratingsWithTimes(this.#state, this.#timer.times().ms) }));
    this.#status.notice("lease", null);
    this.#panel(null);
    showProblem(assignment.problem);
    this.#steps.show(assignment, this.#state);
    this.#bar.update(this.#state);
    // A solution begun elsewhere opens where it was left; a new one opens at its problem.
    scrollTo({ top: 0, behavior: "instant" });
    this.#steps.settle(this.#state.cursor, { scroll: this.#state.cursor > 0 ? "instant" : "none" });
    this.#status.announce(`A new solution with ${assignment.steps.length} steps.`);
  }

  #rate(rating, step = this.#state?.cursor) {
    if (!this.#assignment) return;
    const before = this.#state;
    this.#change(next(before, { type: "rate", rating, step }));
    if (this.#state === before) return;
    this.#lease.touch();
    const where = openStep(this.#state) === null ? "Ready to submit." : `Step ${this.#state.cursor + 1}.`;
    this.#status.announce(`Step ${step + 1} ${WORDS[rating]}. ${where}`);
  }

  #move(by) {
    if (this.#assignment) this.#change(next(this.#state, { type: "move", by }));
  }

  #change(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#timer.at(state.cursor);
    this.#steps.update(state);
    this.#bar.update(state);
    this.#steps.settle(state.cursor);
  }

  async #finishEarly(reason) {
    if (!this.#assignment) return;
    const assignment = this.#assignment;
    const text = await askReason(document.querySelector(`[data-finish="${reason}"]`));
    if (text !== null && assignment === this.#assignment) await this.#submit({ reason, text });
  }

  // On the device first; then away, and the answer brings the next solution.
  async #submit(finish = null) {
    if (!this.#assignment) return;
    if (!finish && finishReason(this.#state) === null) {
      this.#status.announce("Not yet: find the first error, or rate all steps.");
      return;
    }
    const assignment = this.#assignment;
    this.#timer.stop();
    const body = label(this.#state, assignment, { id: newId(), finish, times: this.#timer.times() });
    this.#assignment = null;
    this.#sent = body.id;
    this.#lease.release();
    this.#bar.update(this.#state, { saving: true });
    setTimeout(() => this.#sent === body.id && this.#panel("waiting"), PATIENCE);
    try {
      await this.#outbox.add({ id: body.id, url: this.#config.urls.labels, body });
    } catch {
      this.#sent = null;
      this.#show({ ...assignment, draft: { ratings: body.ratings } });
      this.#status.notice("device", "This device refuses to keep the label (is its storage full?). It is not submitted yet.", { tone: "bad" });
    }
  }

  // The way to and from the server -----------------------------------------------------------------------------------

  #delivered(entry, answer) {
    if (answer.done_today !== undefined) this.#status.showDoneToday(answer.done_today);
    this.#status.notice("device", null);
    if (entry.id === this.#sent) this.#continueWith(answer.assignment);
  }

  async #claim() {
    if (this.#claiming || this.#assignment) return;
    this.#claiming = true;
    const answer = await this.#identity.post(this.#config.urls.claim, {});
    this.#claiming = false;
    if (answer.kind === "ok") {
      this.#status.notice("connection", null);
      this.#continueWith(answer.data.assignment);
      return;
    }
    find("trouble").textContent = answer.sentence;
    this.#panel("trouble");
    if (answer.kind === "signed_out") this.#showBlocked(answer);
  }

  #continueWith(assignment) {
    this.#sent = null;
    if (assignment) this.#show(assignment);
    else this.#panel("empty");
  }

  async #lookAgain() {
    await this.#outbox.flush();
    if (!this.#sent) await this.#claim();
  }

  // What the page shows ----------------------------------------------------------------------------------------------

  // null: the desk with a solution.
  #panel(name) {
    for (const panel of document.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
    find("desk").hidden = find("bar").hidden = name !== null;
  }

  #showOutbox(waiting, attention) {
    this.#status.showOutbox({ waiting, attention: attention.length });
    this.#attention.update(attention);
  }

  #showBlocked(answer) {
    this.#status.showOutbox({ blocked: answer !== null });
    if (answer === null) return this.#status.notice("connection", null);
    const link = { href: this.#config.urls.sign_in, text: "Sign in in a new tab" };
    const kept = "Your work is kept on this device.";
    if (answer.kind === "signed_out") this.#status.notice("connection", `You are signed out. ${kept}`, { link });
    else this.#status.notice("connection", `${answer.sentence} ${kept}`);
    if (this.#sent) this.#panel("waiting");
  }

  #guardSignOut(event) {
    if (!this.#outbox.isHolding) return;
    event.preventDefault();
    event.target.closest("[popover]").hidePopover();
    this.#outbox.flush();
    this.#status.notice("sign_out", "A label is not saved yet. It is being sent again; sign out when all is saved.");
  }
}

function showProblem({ text, subject, answer }) {
  const problem = find("problem");
  showText(find("problem-text"), text);
  find("subject").textContent = subject;
  find("subject").hidden = !subject;
  find("guess").hidden = answer === null;
  if (answer !== null) showBare(find("guess-text"), answer);
  fitFormulas(problem);
}

function find(name) {
  return document.querySelector(`[data-${name}]`);
}

// crypto.randomUUID exists only on https and localhost; a laboratory's plain http server should work too.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

new LabelPage(JSON.parse(document.getElementById("label-config").textContent)).connect();
