// Where the next solution comes from: which one is in front, which one is set aside for after it, and what an answer of
// the server changes about that. Pure; the clock is an argument (milliseconds).
//
// A supply is {current, ahead, until}: assignments or null, and the moment at which the lease of `ahead` runs out.

export const EMPTY = { current: null, ahead: null, until: 0 };

// The one set aside is ours only while its lease lasts; a little earlier, for the clock of another machine.
const MARGIN = 5_000;

// The current solution was handed in: go on with the one set aside, if there is one. Where the problem was called bad and
// the one set aside is of the same problem, it is for the server to say whether that one is still wanted.
export function handedIn({ current, ahead, until }, now, reason = "") {
  const isDoubtful = reason === "bad_problem" && ahead?.problem.text === current?.problem.text;
  const isOurs = ahead !== null && now < until && !isDoubtful;
  return { ...EMPTY, current: isOurs ? ahead : null };
}

// The server's word: {assignment, ahead}. `sent`: slots whose labels lie in the outbox; an answer from before they
// arrived still names them. → the new supply, with `lost: true` when what is in front went to somebody else.
export function received(supply, { assignment, ahead }, sent, { leaseMs, now }) {
  const fresh = [assignment, ahead].filter((one) => one && !sent.has(one.slot));
  const { current } = supply;
  const inFront = current && fresh.some(({ slot }) => slot === current.slot) ? current : null;
  const isLost = current !== null && inFront === null && assignment !== null && fresh.length > 0;
  const kept = current ?? fresh[0] ?? null;
  const spare = fresh.find(({ slot }) => slot !== kept?.slot) ?? null;
  return { current: kept, ahead: spare, until: spare ? now + leaseMs - MARGIN : 0, lost: isLost };
}

// A heartbeat renewed the leases, or found that nothing is set aside any more.
export function renewed(supply, isAheadOurs, { leaseMs, now }) {
  if (!supply.ahead || !isAheadOurs) return { ...supply, ahead: null, until: 0 };
  return { ...supply, until: now + leaseMs - MARGIN };
}
