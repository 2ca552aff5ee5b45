// A wait for several answers, which somebody may leave before they are there: whoever waits is then told at once, and an
// answer that comes later changes nothing.

const PATIENCE = 150; // under this nobody needs to be told that they wait

export class Wait {
  #tell;
  #leave = null;

  // tell(): say that it takes a while.
  constructor(tell) {
    this.#tell = tell;
  }

  get isOn() {
    return this.#leave !== null;
  }

  // → the answers, or null where the wait was left.
  async for(promises) {
    this.leave();
    const patience = setTimeout(this.#tell, PATIENCE);
    const left = new Promise((resolve) => (this.#leave = resolve));
    const leave = this.#leave;
    const isOn = () => this.#leave === leave;
    try {
      const answers = await Promise.race([left, Promise.all(promises)]);
      return isOn() ? answers : null;
    } finally {
      clearTimeout(patience);
      if (isOn()) this.#leave = null;
    }
  }

  leave() {
    this.#leave?.();
    this.#leave = null;
  }
}
