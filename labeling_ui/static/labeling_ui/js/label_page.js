// The labeling page: makes the parts and joins them. What happens in a shift is in shift.js, what a label means in
// label_state.js and dialogue_state.js.

import { Api } from "./api.js";
import { BarView } from "./bar_view.js";
import { BreakClock } from "./break_clock.js";
import { DialogueDesk } from "./dialogue_desk.js";
import { AttentionDialog, askFinal, askReason } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { HistoryDialog } from "./history_dialog.js";
import { Identity } from "./identity.js";
import { Keyboard } from "./keyboard.js";
import { KeysDialog } from "./keys_dialog.js";
import { Lease } from "./lease.js";
import { OneTab } from "./one_tab.js";
import { Outbox, aloneInBrowser } from "./outbox.js";
import { openStore } from "./outbox_store.js";
import { Panels } from "./panels.js";
import { ProblemView } from "./problem_view.js";
import { Seen } from "./seen.js";
import { Shift } from "./shift.js";
import { SolutionDesk } from "./solution_desk.js";
import { StatusView } from "./status_view.js";
import { StepTimer } from "./timer.js";
import { told } from "./told.js";
import { say } from "./words.js";

const LOOK_AGAIN = 20_000;
const DRAFTS_LAST = 14 * 24 * 3_600_000;

class LabelPage {
  #parts;
  #shift;
  #attention;
  #history;

  constructor(config) {
    const { urls, user } = config;
    const api = new Api({ csrfCookie: config.csrf_cookie });
    const identity = new Identity({ api, url: urls.who, user });
    const timer = new StepTimer();
    const store = openStore(user);
    const parts = {
      config,
      identity,
      timer,
      outbox: new Outbox({ store, send: ({ url, body }) => identity.post(url, body), alone: aloneInBrowser(`stepmark-outbox-${user}`) }),
      drafts: new Drafts(store, config.slug),
      lease: new Lease({ api: identity, url: urls.heartbeat, sinceInput: () => timer.sinceInput() }),
      status: new StatusView(document),
      problem: new ProblemView(find("problem")),
      bar: new BarView(find("bar")),
      panels: new Panels(),
      seen: new Seen({ clock: () => timer.times().total, place: () => this.#parts.desk.place }),
      rest: new BreakClock({ user, minutes: config.break_minutes }),
      tab: new OneTab(`stepmark-desk-${user}-${config.slug}`),
      blocked: (answer) => this.#showBlocked(answer),
    };
    const Desk = config.phase === 1 ? DialogueDesk : SolutionDesk;
    parts.desk = new Desk(this.#host(parts));
    this.#parts = parts;
    this.#shift = new Shift(parts);
    this.#attention = new AttentionDialog(find("attention"), find("attention-template"), parts.outbox);
    this.#history = new HistoryDialog(find("history"), find("history-template"), { load: () => identity.get(urls.labels), reopen: (id) => this.#shift.reopen(id) });
  }

  async connect() {
    const { timer, outbox, lease, desk, problem, bar, drafts, panels } = this.#parts;
    const acts = this.#acts();
    const keyboard = new Keyboard(acts);
    const keys = new KeysDialog(find("help"), keyboard);
    acts.help = () => keys.open();
    for (const part of [timer, outbox, lease, keyboard, keys, desk]) part.connect();
    keyboard.addEventListener("change", () => desk.forgetPrepared());
    problem.connect({ reveal: acts.answer });
    bar.connect(acts);
    panels.connect(this.#waysOn());
    this.#listenToParts();
    this.#listenToPage(acts);
    drafts.sweep(Date.now() - DRAFTS_LAST).catch(() => undefined);
    // A label left from before goes first: the server would otherwise give its solution out again.
    await outbox.flush();
    await this.#sitDown();
  }

  async #sitDown(options) {
    const { tab, panels } = this.#parts;
    if (!(await tab.take(options))) return panels.show("elsewhere");
    await this.#shift.claim();
    await this.#correct();
  }

  // The label that the address asks for, once; or a correction that was begun here before.
  async #correct() {
    const address = new URL(location.href);
    const asked = address.searchParams.get("reopen");
    if (!asked) return this.#correctBegun();
    const { kind } = await this.#shift.reopen(asked);
    if (!this.#parts.tab.isOurs || (kind !== "ok" && kind !== "refused")) return;
    address.searchParams.delete("reopen");
    history.replaceState(null, "", address);
  }

  async #correctBegun() {
    const { drafts, outbox } = this.#parts;
    const { attention } = await outbox.entries();
    const begun = await drafts.begun(attention.map(({ id }) => id));
    if (!begun) return;
    const { status } = await this.#shift.reopen(begun.supersedes);
    // It was corrected elsewhere, or it is too late: the server has said so.
    if (status === 404 && !(await outbox.slots()).has(begun.slot)) drafts.remove(begun);
  }

  // What a desk needs of the page.
  #host({ config, identity, timer, seen, bar, status }) {
    return {
      timer,
      seen,
      bar,
      post: (name, body) => identity.post(config.urls[name], body),
      changed: () => this.#shift.keep(),
      submit: (options) => this.#shift.submit(options),
      announce: (sentence) => status.announce(sentence),
      confirm: (answers, guess) => askFinal(find("final"), answers, guess),
    };
  }

  #acts() {
    const shift = this.#shift;
    const onDesk = (act) => () => shift.assignment && this.#parts.desk.acts()[act]?.();
    const names = ["bad", "okay", "great", "fourth", "fifth", "previous", "next", "peek", "unsure", "write"];
    const finish = (reason) => () => shift.finishEarly(reason, () => askReason(document.querySelector(`[data-finish="${reason}"]`)));
    return {
      ...Object.fromEntries(names.map((act) => [act, onDesk(act)])),
      submit: () => (shift.assignment ? shift.submit() : this.#parts.panels.pressEnter()),
      answer: () => shift.reveal(),
      undo: () => shift.undo(),
      history: () => this.#history.open(),
      instructions: () => find("opens-instructions").click(),
      give_up: finish("give_up"),
      bad_problem: finish("bad_problem"),
    };
  }

  // What the buttons of the panels do.
  #waysOn() {
    return {
      look: () => this.#lookAgain(),
      here: () => this.#sitDown({ steal: true }),
      acknowledge: () => this.#shift.acknowledge(),
      rested: () => {
        this.#parts.rest.taken();
        this.#parts.panels.show("loading");
        this.#shift.goOn();
      },
    };
  }

  #listenToParts() {
    const { outbox, lease, tab, status } = this.#parts;
    const on = (part, event, act) => part.addEventListener(event, ({ detail }) => act(detail));
    on(outbox, "change", ({ waiting, attention }) => this.#showOutbox(waiting, attention));
    on(outbox, "blocked", (answer) => this.#showBlocked(answer));
    on(outbox, "delivered", ({ entry, answer }) => this.#delivered(entry, answer.data));
    on(outbox, "empty", () => this.#shift.claim());
    on(lease, "kept", ({ data }) => this.#kept(data));
    on(lease, "away", () => status.showOutbox({ blocked: true, unsaved: lease.isChanged }));
    on(lease, "lost", ({ sentence }) => status.notice("lease", sentence));
    on(lease, "signed_out", (answer) => this.#showBlocked(answer));
    on(tab, "lost", () => this.#shift.leave());
  }

  #listenToPage(acts) {
    find("open-attention").addEventListener("click", () => this.#attention.open());
    find("open-history").addEventListener("click", acts.history);
    for (const link of document.querySelectorAll("[data-opens-instructions]")) link.addEventListener("click", () => this.#parts.seen.note("instructions"));
    document.querySelector("[data-sign-out]").addEventListener("submit", (event) => this.#guardSignOut(event));
    for (const moment of ["online", "focus"]) addEventListener(moment, () => (this.#shift.assignment ? this.#parts.lease.catchUp() : this.#lookAgain()));
    setInterval(() => document.hidden || this.#parts.outbox.isHolding || this.#shift.claim(), LOOK_AGAIN);
  }

  // The outbox is the person's: it also brings home labels of their other projects, whose work is none of this desk.
  #delivered({ url }, answer) {
    if (url !== this.#parts.config.urls.labels) return;
    this.#parts.status.showDoneToday(answer.done_today);
    this.#parts.status.notice("device", null);
    if (answer.feedback) this.#teach(answer.feedback);
    this.#shift.receive(answer);
  }

  // A solution that was for practice is told about at once; until it is read, or another one follows.
  #teach(feedback) {
    const { status } = this.#parts;
    const button = { act: () => status.notice("practice", null), text: say("I have read it") };
    status.notice("practice", told(feedback), { tone: feedback.agrees ? "great" : "okay", button });
  }

  #kept(renewal) {
    const { status, lease } = this.#parts;
    this.#shift.renewed(renewal);
    status.showUnread(renewal.unread_messages);
    status.showOutbox({ blocked: false, unsaved: lease.isChanged });
  }

  async #lookAgain() {
    const { outbox, tab } = this.#parts;
    await outbox.flush();
    if (tab.isOurs && !outbox.isHolding) await this.#shift.claim();
  }

  #showOutbox(waiting, attention) {
    this.#parts.status.showOutbox({ waiting, attention: attention.length, unsaved: this.#parts.lease.isChanged });
    this.#attention.update(attention);
  }

  #showBlocked(answer) {
    const { status, config } = this.#parts;
    status.showOutbox({ blocked: answer !== null });
    if (answer === null) return status.notice("connection", null);
    const kept = say("Your work is kept on this device.");
    if (answer.kind !== "signed_out") return status.notice("connection", `${answer.sentence} ${kept}`);
    const link = { href: config.urls.sign_in, text: say("Sign in in a new tab") };
    return status.notice("connection", `${say("You are signed out.")} ${kept}`, { link });
  }

  #guardSignOut(event) {
    const { outbox, status } = this.#parts;
    if (!outbox.isHolding) return;
    event.preventDefault();
    event.target.closest("[popover]").hidePopover();
    outbox.flush();
    status.notice("sign_out", say("A label is not saved yet. It is being sent again; sign out when all is saved."));
  }
}

function find(name) {
  return document.querySelector(`[data-${name}]`);
}

new LabelPage(JSON.parse(document.getElementById("label-config").textContent)).connect();
