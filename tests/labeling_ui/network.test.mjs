import assert from "node:assert/strict";
import test from "node:test";

import { Api, answer } from "../../labeling_ui/static/labeling_ui/js/api.js";
import { Identity } from "../../labeling_ui/static/labeling_ui/js/identity.js";
import { Lease } from "../../labeling_ui/static/labeling_ui/js/lease.js";

function withFetch(respond, work) {
  const { fetch } = globalThis;
  globalThis.fetch = respond;
  globalThis.document = { cookie: "other=1; csrftoken=secret" };
  return work(new Api({ csrfCookie: "csrftoken" })).finally(() => {
    globalThis.fetch = fetch;
    delete globalThis.document;
  });
}

test("every status is one of four kinds", () => {
  const kinds = { 200: "ok", 201: "ok", 400: "refused", 401: "signed_out", 403: "refused", 404: "refused", 409: "refused", 422: "refused", 408: "away", 429: "away", 500: "away", 502: "away", 503: "away" };
  for (const [status, kind] of Object.entries(kinds)) assert.equal(answer(Number(status), {}).kind, kind, status);
});

test("a 200 that is not JSON came from something between us and the server", () => {
  assert.equal(answer(200, null).kind, "away");
});

test("the server's own sentence reaches the person", () => {
  assert.equal(answer(403, { code: "labeler_paused", detail: "Your work is paused." }).sentence, "Your work is paused.");
});

test("Retry-After is understood in seconds, and a date is ignored", () => {
  assert.equal(answer(503, null, "3").retryAfter, 3000);
  assert.equal(answer(503, null, "Fri, 20 Nov 2026 19:00:00 GMT").retryAfter, null);
});

test("a post carries JSON and the CSRF token of the moment", async () => {
  const calls = [];
  await withFetch(
    async (url, request) => {
      calls.push({ url, ...request });
      return new Response('{"a": 1}', { status: 200 });
    },
    async (api) => assert.deepEqual((await api.post("/x", { b: 2 })).data, { a: 1 }),
  );
  assert.equal(calls[0].headers["X-CSRFToken"], "secret");
  assert.equal(calls[0].body, '{"b":2}');
});

test("a network that fails is an answer, not an exception", async () => {
  const fail = async () => {
    throw new TypeError("failed to fetch");
  };
  await withFetch(fail, async (api) => assert.equal((await api.post("/x", {})).kind, "away"));
});

function identityWith(who) {
  const api = { token: "one", posts: 0, csrfToken: () => api.token, get: async () => who, post: async () => (api.posts += 1) && answer(201, {}) };
  return { api, identity: new Identity({ api, url: "/who", user: 5 }) };
}

test("nothing is sent under another person's name", async () => {
  const { api, identity } = identityWith(answer(200, { user: 6 }));
  api.token = "two";
  assert.equal((await identity.post("/labels", {})).kind, "signed_out");
  assert.equal(api.posts, 0);
});

test("the same person goes on after signing in again", async () => {
  const { api, identity } = identityWith(answer(200, { user: 5 }));
  api.token = "two";
  assert.equal((await identity.post("/labels", {})).kind, "ok");
  assert.equal(api.posts, 1);
});

function leaseWith(reply, page = { hidden: false, addEventListener() {} }) {
  const posts = [];
  const api = { post: async (url, body, options) => posts.push({ url, body, options }) && reply };
  const lease = new Lease({ api, url: "/heartbeat", sinceInput: () => 0, page });
  lease.hold({ slot: 1, lease_token: "t" }, () => ({ ratings: [1] }));
  return { lease, posts };
}

test("a heartbeat carries the slot, its token and the draft", async () => {
  const { lease, posts } = leaseWith(answer(200, { lease_until: "later" }));
  await lease.save();
  lease.release();
  assert.deepEqual(posts[0].body, { slot: 1, lease_token: "t", draft: { ratings: [1] } });
});

test("a lost lease is told once and ends the heartbeats", async () => {
  const { lease, posts } = leaseWith(answer(409, { code: "lease_lost", detail: "Your time is over." }));
  const lost = [];
  lease.addEventListener("lost", ({ detail }) => lost.push(detail.sentence));
  await lease.save();
  await lease.save();
  assert.deepEqual(lost, ["Your time is over."]);
  assert.equal(posts.length, 1);
});

test("an answer that comes after the solution was submitted is ignored", async () => {
  const { lease } = leaseWith(answer(409, { detail: "gone" }));
  lease.addEventListener("lost", () => assert.fail("told"));
  const saving = lease.save();
  lease.release();
  await saving;
});

test("the lease beats only for somebody who is there", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const page = { hidden: false, addEventListener() {} };
  const posts = [];
  let away = 0;
  const api = { post: async () => posts.push(1) && answer(200, {}) };
  const lease = new Lease({ api, url: "/", sinceInput: () => away, page });
  lease.hold({ slot: 1, lease_token: "t" }, () => null);
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 1);
  page.hidden = true;
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 1);
  page.hidden = false;
  away = 6 * 60_000;
  context.mock.timers.tick(60_000);
  assert.equal(posts.length, 1);
  lease.release();
});
