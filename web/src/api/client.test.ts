import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openClient, takeCsrf } from "./client";
import { authSessionDestroy, pipelinesPartialUpdate } from "./generated";

const STALE = {
  code: "forbidden",
  message: "CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header incorrect.",
  details: {},
};
const NOT_YOURS = { code: "forbidden", message: "You may not do this.", details: {} };

/** What was sent: method, token and body. */
let sent: [string, string | null, string][];
let token: string;
let refusal: object;

const answer = (body: object, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

const nobody = vi.fn();
beforeAll(() => openClient(nobody));
beforeEach(() => {
  sent = [];
  token = "new";
  refusal = STALE;
  takeCsrf("old");
  vi.stubGlobal("fetch", async (request: Request) => {
    const shown = request.headers.get("X-CSRFToken");
    sent.push([request.method, shown, await request.text()]);
    if (request.method === "GET") return answer({ user: null, csrf_token: "new" });
    return shown === token ? answer({ id: 1 }) : answer(refusal, 403);
  });
});
afterEach(() => vi.unstubAllGlobals());

const save = () => pipelinesPartialUpdate({ path: { id: 1 }, body: { source: "steps:", base_version: 1 } });
const BODY = '{"source":"steps:","base_version":1}';

test("a token of the past is fetched anew, and the same is sent once more", async () => {
  await save();
  expect(sent).toEqual([
    ["PATCH", "old", BODY],
    ["GET", null, ""],
    ["PATCH", "new", BODY],
  ]);
  await authSessionDestroy();
  expect(sent.slice(3)).toEqual([["DELETE", "new", ""]]);
});

test("it is sent once more only once", async () => {
  token = "never";
  await expect(save()).rejects.toMatchObject({ status: 403, message: STALE.message });
  expect(sent.map(([method]) => method)).toEqual(["PATCH", "GET", "PATCH"]);
});

test("another refusal is not asked about again", async () => {
  refusal = NOT_YOURS;
  await expect(save()).rejects.toMatchObject({ status: 403, message: NOT_YOURS.message });
  expect(sent.map(([method]) => method)).toEqual(["PATCH"]);
});
