// A moment in which the browser has nothing better to do. One that cannot tell (Safari) gives the next moment.

// act() runs once, after `timeout` milliseconds at the latest.
export function whenIdle(act, { timeout }) {
  if (typeof requestIdleCallback === "function") requestIdleCallback(() => act(), { timeout });
  else setTimeout(act);
}
