import assert from "node:assert/strict";
import test from "node:test";

import { answer } from "../../labeling_ui/static/labeling_ui/js/api.js";
import { Lease } from "../../labeling_ui/static/labeling_ui/js/lease.js";

const KEPT = answer(200, { lease_until: "later" });
const AWAY = answer(503, null);
const SIGNED_OUT = answer(401, { detail: "Please sign in." });
const LOST = answer(409, { code: "lease_lost", detail: "Your time is over." });
const ASSIGNMENT = { slot: 1, lease_token: "t", lease_until: "soon" };

// A lease before a server that gives these answers, one by one, and then says yes. heard: the names of its events.
function leaseWith(...answers) {
  const world = { posts: [], heard: [], page: Object.assign(new EventTarget(), { hidden: false }), away: 0, ratings: [1] };
  const api = { post: async (url, body, options) => world.posts.push({ url, body, options }) && (answers.shift() ?? KEPT) };
  const lease = new Lease({ api, url: "/heartbeat", sinceInput: () => world.away, page: world.page });
  for (const name of ["kept", "away", "lost", "signed_out"]) lease.addEventListener(name, ({ detail }) => world.heard.push([name, detail.sentence]));
  lease.hold(ASSIGNMENT, () => ({ ratings: world.ratings }));
  return { ...world, world, lease };
}

function seen(page, isSeen) {
  page.hidden = !isSeen;
  page.dispatchEvent(new Event("visibilitychange"));
}

test("a heartbeat carries the slot, its token, and the draft once something changed", async () => {
  const { lease, posts } = leaseWith();
  lease.touch();
  await lease.save();
  lease.release();
  assert.deepEqual(posts[0], { url: "/heartbeat", body: { slot: 1, lease_token: "t", draft: { ratings: [1] } }, options: { keepalive: false } });
});

test("an untouched page sends no draft, for its own may be the older one", async () => {
  const { lease, posts } = leaseWith();
  await lease.save();
  lease.touch();
  await lease.save();
  await lease.save();
  lease.release();
  assert.deepEqual(posts.map(({ body }) => body.draft), [null, { ratings: [1] }, null]);
});

test("what the server has is changed no more, what it missed still is", async () => {
  for (const [reply, isChanged] of [[KEPT, false], [AWAY, true], [SIGNED_OUT, true]]) {
    const { lease } = leaseWith(reply);
    lease.touch();
    assert.equal(lease.isChanged, true);
    await lease.save();
    assert.equal(lease.isChanged, isChanged, reply.kind);
    lease.release();
  }
});

test("a draft that the server missed goes as soon as it may answer again, and by itself after ten seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { lease, posts, heard } = leaseWith(AWAY, AWAY);
  lease.catchUp();
  assert.equal(posts.length, 0);
  lease.touch();
  await lease.save();
  lease.catchUp();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(posts.length, 2);
  t.mock.timers.tick(9_900);
  assert.equal(posts.length, 2);
  t.mock.timers.tick(200);
  await Promise.resolve();
  await Promise.resolve();
  lease.release();
  assert.deepEqual(posts.map(({ body }) => body.draft), Array(3).fill({ ratings: [1] }));
  assert.deepEqual(heard.map(([name]) => name), ["away", "away", "kept"]);
});

test("a draft that the server missed goes with the next heartbeat", async () => {
  const { lease, posts, world } = leaseWith(AWAY);
  lease.touch();
  await lease.save();
  world.ratings = [1, 0];
  await lease.save();
  lease.release();
  assert.deepEqual(posts[1].body.draft, { ratings: [1, 0] });
});

test("a heartbeat without a draft that is missed changes nothing", async () => {
  const { lease } = leaseWith(AWAY);
  await lease.save();
  assert.equal(lease.isChanged, false);
  lease.release();
});

test("what changes while a draft is on its way still waits", async () => {
  const { lease } = leaseWith();
  lease.touch();
  const saving = lease.save();
  lease.touch();
  await saving;
  assert.equal(lease.isChanged, true);
  lease.release();
});

test("every answer is told by its name", async () => {
  const { lease, heard } = leaseWith(KEPT, AWAY, SIGNED_OUT, LOST);
  for (let beat = 0; beat < 4; beat += 1) await lease.save();
  assert.deepEqual(heard.map(([name]) => name), ["kept", "away", "signed_out", "lost"]);
});

test("a lost lease is told once and ends the heartbeats", async () => {
  const { lease, posts, heard } = leaseWith(LOST);
  lease.touch();
  await lease.save();
  await lease.save();
  assert.deepEqual(heard, [["lost", "Your time is over."]]);
  assert.equal(lease.isChanged, false);
  assert.equal(posts.length, 1);
});

test("an answer that comes after the solution was submitted is ignored", async () => {
  const { lease, heard } = leaseWith(LOST);
  lease.touch();
  const saving = lease.save();
  lease.release();
  await saving;
  assert.deepEqual(heard, []);
  assert.equal(lease.isChanged, false);
});

test("a change is on the server soon, and many at once in one go", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { lease, posts } = leaseWith();
  lease.touch();
  context.mock.timers.tick(1_000);
  lease.touch();
  context.mock.timers.tick(1_499);
  assert.equal(posts.length, 0);
  context.mock.timers.tick(1);
  assert.equal(posts.length, 1);
  lease.release();
});

test("a save takes the place of the one that was to come", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { lease, posts } = leaseWith();
  lease.touch();
  lease.save();
  context.mock.timers.tick(2_000);
  assert.equal(posts.length, 1);
  lease.release();
});

test("what changed in one solution sends nothing for the next", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { lease, posts } = leaseWith();
  lease.touch();
  lease.hold({ ...ASSIGNMENT, slot: 2 }, () => null);
  context.mock.timers.tick(2_000);
  assert.equal(posts.length, 0);
  lease.release();
});

test("a released solution is saved no more", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { lease, posts } = leaseWith();
  lease.touch();
  lease.release();
  lease.touch();
  context.mock.timers.tick(120_000);
  assert.equal(lease.isChanged, false);
  assert.equal(posts.length, 0);
});

test("the lease beats only for somebody who is there", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { lease, posts, page, world } = leaseWith();
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 1);
  page.hidden = true;
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 1);
  page.hidden = false;
  world.away = 5 * 60_000;
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 1);
  world.away -= 1;
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 2);
  lease.release();
});

test("a label that is opened again has no lease to keep", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const { lease, posts } = leaseWith();
  lease.hold({ ...ASSIGNMENT, lease_until: null }, () => null);
  lease.touch();
  context.mock.timers.tick(120_000);
  assert.equal(lease.isChanged, false);
  assert.equal(posts.length, 0);
});

test("another solution takes the place of the one before, with nothing changed", async () => {
  const { lease, posts } = leaseWith();
  lease.touch();
  lease.hold({ ...ASSIGNMENT, slot: 2 }, () => ({ ratings: [] }));
  assert.equal(lease.isChanged, false);
  await lease.save();
  lease.release();
  assert.deepEqual(posts.map(({ body }) => body.slot), [2]);
});

test("a page that is left sends what changed, so that it outlives the page", () => {
  const { lease, posts, page } = leaseWith();
  lease.connect();
  seen(page, false);
  assert.equal(posts.length, 0);
  lease.touch();
  seen(page, true);
  assert.equal(posts.length, 0);
  seen(page, false);
  assert.deepEqual(posts.map(({ options }) => options), [{ keepalive: true }]);
  lease.disconnect();
});

test("after disconnecting the lease is let go, and the page no longer heard", () => {
  const { lease, posts, page } = leaseWith();
  lease.connect();
  lease.touch();
  lease.disconnect();
  assert.equal(lease.isChanged, false);
  lease.hold(ASSIGNMENT, () => null);
  lease.touch();
  seen(page, false);
  assert.equal(posts.length, 0);
  lease.release();
  assert.doesNotThrow(() => leaseWith().lease.disconnect());
});
