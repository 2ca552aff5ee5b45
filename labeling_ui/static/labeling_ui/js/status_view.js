// What the page says about itself: saved or waiting, done today, and notices above the desk.

export class StatusView {
  #page;
  #notices = new Map();
  #waiting = 0;
  #attention = 0;
  #isBlocked = false;

  constructor(page) {
    this.#page = page;
  }

  showDoneToday(count) {
    this.#find("done-today").textContent = count;
  }

  // What lies on this device. `blocked`: the last attempt to send did not reach the server or was turned away.
  showOutbox({ waiting = this.#waiting, attention = this.#attention, blocked = this.#isBlocked }) {
    [this.#waiting, this.#attention, this.#isBlocked] = [waiting, attention, blocked];
    const { kind, icon, text } = this.#saved();
    const saved = this.#find("saved");
    saved.dataset.kind = kind;
    saved.querySelector("use").setAttribute("href", icon);
    this.#find("saved-text").textContent = text;
    this.#find("open-attention").hidden = attention === 0;
  }

  // One notice per topic; null takes it away. `link` is {href, text}.
  notice(topic, sentence, { tone = "okay", link = null } = {}) {
    this.#notices.get(topic)?.remove();
    this.#notices.delete(topic);
    if (sentence === null) return;
    const notice = this.#find("notice-template").content.firstElementChild.cloneNode(true);
    notice.classList.add(tone);
    notice.querySelector("p").textContent = sentence;
    if (link) notice.append(linkTo(link));
    this.#notices.set(topic, notice);
    this.#find("notices").append(notice);
    this.announce(sentence);
  }

  announce(sentence) {
    this.#find("announcer").textContent = sentence;
  }

  #saved() {
    const some = (count) => (count === 1 ? "1 label" : `${count} labels`);
    if (this.#attention) return { kind: "attention", icon: "#icon-wait", text: `${some(this.#attention)} for your attention` };
    if (!this.#waiting) return { kind: "saved", icon: "#icon-check", text: "All saved" };
    if (!this.#isBlocked) return { kind: "saving", icon: "#icon-wait", text: "Saving…" };
    return { kind: "waiting", icon: "#icon-wait", text: `${some(this.#waiting)} waiting to be saved` };
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
