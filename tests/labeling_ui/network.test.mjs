import assert from "node:assert/strict";
import test from "node:test";

import { Api, answer } from "../../labeling_ui/static/labeling_ui/js/api.js";
import { Identity } from "../../labeling_ui/static/labeling_ui/js/identity.js";

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

test("a 204 has nothing to say, and that is well", () => {
  assert.equal(answer(204, null).kind, "ok");
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

test("a get carries no token, and says what it wants", async () => {
  const calls = [];
  await withFetch(
    async (url, request) => calls.push(request) && new Response("{}", { status: 200 }),
    async (api) => assert.equal((await api.get("/x")).kind, "ok"),
  );
  assert.equal(calls[0].method, "GET");
  assert.equal(calls[0].headers["X-CSRFToken"], undefined);
});

test("a page of somebody between us and the server is no answer of ours", async () => {
  const page = async () => new Response("<html>sign in to the hotel's network</html>", { status: 200 });
  await withFetch(page, async (api) => assert.equal((await api.post("/x", {})).kind, "away"));
});

test("a browser without our cookie sends an empty token", async () => {
  await withFetch(null, async (api) => {
    globalThis.document.cookie = "other=1";
    assert.equal(api.csrfToken(), "");
  });
});

test("without a sentence of the server's the page says what it knows", () => {
  assert.match(answer(502, null).sentence, /cannot be reached/);
  assert.match(answer(418, null).sentence, /418/);
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

test("nothing of another person is fetched", async () => {
  const { api, identity } = identityWith(answer(200, { user: 6 }));
  assert.equal((await identity.get("/labels")).kind, "ok"); // as long as the token stays the same nobody else is there
  api.token = "two";
  assert.equal((await identity.get("/labels")).kind, "signed_out");
});

test("the same person goes on after signing in again", async () => {
  const { api, identity } = identityWith(answer(200, { user: 5 }));
  api.token = "two";
  assert.equal((await identity.post("/labels", {})).kind, "ok");
  assert.equal(api.posts, 1);
});

test("nobody is asked who they are while the token stays the same", async () => {
  const { api, identity } = identityWith(answer(200, { user: 6 }));
  assert.equal((await identity.post("/labels", {})).kind, "ok");
  assert.equal(api.posts, 1);
});

test("while the server cannot say who is signed in nothing is sent", async () => {
  const { api, identity } = identityWith(answer(503, null));
  api.token = "two";
  assert.equal((await identity.post("/labels", {})).kind, "away");
  assert.equal(api.posts, 0);
});
