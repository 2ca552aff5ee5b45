// Work of which nobody knows beforehand how much there will be, and for which no key may wait: what is small is done at
// once; the rest when it stands in the page, slice by slice between frames. Of what is only prepared no more is done than
// can be shown in one frame.
//
// A work is {isInPage, weight: how many elements it makes, do()}. It costs time to know the weight.

import { whenIdle } from "./idle.js";

// As many elements as take some 50 ms to be shown; of 1,818 solutions of PRM800K fewer than one in ten have more.
export const AT_ONCE = 1_000;
export const SLICE = 500;
export const MOST = 2_000; // works that wait to stand in the page; older ones are of solutions that never came
const PATIENCE = 1_000; // ms; after these a busy page, too, does a slice

export class Slices {
  #ahead = [];
  #due = [];
  #spent = 0; // since the page was last free
  #isAsked = false;
  #whenFree;
  #whenIdle;

  constructor({ whenFree = (act) => setTimeout(act), whenIdle = betweenFrames } = {}) {
    this.#whenFree = whenFree;
    this.#whenIdle = whenIdle;
  }

  add(work) {
    if (this.#spent < AT_ONCE) {
      if (this.#spent === 0) this.#whenFree(() => (this.#spent = 0));
      this.#spent += work.weight;
      if (this.#spent <= AT_ONCE) return work.do();
    }
    this.#ahead.push(work);
    this.wake();
  }

  // Call when something that was prepared has come into the page.
  wake() {
    if (this.#isAsked || this.#ahead.length + this.#due.length === 0) return;
    this.#isAsked = true;
    this.#whenIdle(() => this.#slice());
  }

  #slice() {
    this.#isAsked = false;
    this.#due = [...this.#due, ...this.#ahead].filter(({ isInPage }) => isInPage);
    this.#ahead = this.#ahead.filter(({ isInPage }) => !isInPage).slice(-MOST);
    for (let done = 0; done < SLICE && this.#due.length > 0; ) {
      const work = this.#due.shift();
      done += work.weight;
      work.do();
    }
    if (this.#due.length > 0) this.wake();
  }
}

// One slice a frame: those of one frame would be laid out together.
function betweenFrames(act) {
  requestAnimationFrame(() => whenIdle(act, { timeout: PATIENCE }));
}
