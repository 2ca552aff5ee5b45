// What the page says about itself: saved or waiting, done today, messages, and notices above the desk.

import { say, sayMany } from "./words.js";

export class StatusView {
  #page;
  #notices = new Map();
  #waiting = 0;
  #attention = 0;
  #isBlocked = false;
  #isUnsaved = false;
  #isOnlyHere = false;

  constructor(page) {
    this.#page = page;
  }

  showDoneToday(count) {
    this.#find("done-today").textContent = count;
  }

  showUnread(count) {
    const link = this.#find("unread");
    link.hidden = count === 0;
    link.textContent = sayMany("{n} new message", "{n} new messages", count);
  }

  // What lies on this device. `blocked`: the last attempt to send did not reach the server or was turned away;
  // `unsaved`: ratings of the solution in front that the server does not have yet; `isOnlyHere`: a correction that it gets
  // only when it is handed in.
  showOutbox({ waiting = this.#waiting, attention = this.#attention, blocked = this.#isBlocked, unsaved = this.#isUnsaved, isOnlyHere = this.#isOnlyHere }) {
    [this.#waiting, this.#attention, this.#isBlocked, this.#isUnsaved, this.#isOnlyHere] = [waiting, attention, blocked, unsaved, isOnlyHere];
    const { kind, icon, text } = this.#saved();
    const saved = this.#find("saved");
    saved.dataset.kind = kind;
    saved.querySelector("use").setAttribute("href", icon);
    this.#find("saved-text").textContent = text;
    this.#find("open-attention").hidden = attention === 0;
  }

  // One notice per topic; null takes it away. `link` is {href, text}, `button` {act, text}.
  notice(topic, sentence, { tone = "okay", link = null, button = null } = {}) {
    this.#notices.get(topic)?.remove();
    this.#notices.delete(topic);
    if (sentence === null) return;
    const notice = this.#find("notice-template").content.firstElementChild.cloneNode(true);
    notice.classList.add(tone);
    notice.querySelector("p").textContent = sentence;
    if (link) notice.append(linkTo(link));
    if (button) notice.append(buttonTo(button));
    this.#notices.set(topic, notice);
    this.#find("notices").append(notice);
    this.announce(sentence);
  }

  announce(sentence) {
    this.#find("announcer").textContent = sentence;
  }

  #saved() {
    const wait = "#icon-wait";
    if (this.#attention) return { kind: "attention", icon: wait, text: sayMany("{n} label for your attention", "{n} labels for your attention", this.#attention) };
    if (this.#waiting && this.#isBlocked) return { kind: "waiting", icon: wait, text: sayMany("{n} label waiting to be saved", "{n} labels waiting to be saved", this.#waiting) };
    if (this.#waiting) return { kind: "saving", icon: wait, text: say("Saving…") };
    if (this.#isOnlyHere || (this.#isUnsaved && this.#isBlocked)) return { kind: "waiting", icon: wait, text: say("Kept on this device") };
    if (this.#isUnsaved) return { kind: "saving", icon: wait, text: say("Saving…") };
    return { kind: "saved", icon: "#icon-check", text: say("All saved") };
  }

  #find(name) {
    return this.#page.querySelector(`[data-${name}]`);
  }
}

// A new tab, so that ratings on this page stay where they are.
function linkTo({ href, text }) {
  const link = document.createElement("a");
  link.href = href;
  link.target = "_blank";
  link.textContent = text;
  return link;
}

function buttonTo({ act, text }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
}
