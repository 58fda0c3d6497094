import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openClient } from "./client";
import { projectsList } from "./generated";
import { lookAtSession, session, signIn } from "./session";

const ANN = { id: 1, username: "ann" };
const BEN = { id: 2, username: "ben" };
const WHAT_SHE_SAW = ["secrets"];

let queries: QueryClient;
let here: typeof ANN | null;
let asked: number;

beforeAll(() => openClient(() => lookAtSession(queries)));
beforeEach(async () => {
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  [here, asked] = [ANN, 0];
  vi.stubGlobal("fetch", async ({ url, method }: Request) => {
    const isSession = url.endsWith("/session/");
    if (isSession && method === "GET") asked += 1;
    if (isSession && method === "POST") here ??= ANN;
    return new Response(
      JSON.stringify(isSession ? { user: here, csrf_token: "token" } : { code: "not_authenticated" }),
      {
        status: isSession ? 200 : 401,
        headers: { "Content-Type": "application/json" },
      },
    );
  });
  await queries.fetchQuery(session);
  queries.setQueryData(WHAT_SHE_SAW, ["DEPLOY_TOKEN"]);
});
afterEach(() => vi.unstubAllGlobals());

/** As a page does it that is open. */
function watching() {
  const observer = new QueryObserver(queries, { ...session, staleTime: Number.POSITIVE_INFINITY });
  observer.subscribe(() => undefined);
  return observer;
}

async function refuse(): Promise<void> {
  here = null;
  await Promise.allSettled([projectsList(), projectsList()]);
  await vi.waitFor(() => expect(queries.isFetching()).toBe(0));
}

test("a refusal has the server asked once who is there, and the one who was stays on the page", async () => {
  const page = watching();
  asked = 0;
  await refuse();
  expect(asked).toBe(1);
  expect(page.getCurrentResult()).toMatchObject({ data: { user: ANN }, error: { status: 401 } });
  await refuse();
  expect(asked).toBe(1);
});

test("who signs in again finds what was there, and another person nothing of it", async () => {
  const page = watching();
  await refuse();
  await signIn(queries, { username: "ann", password: "secret" });
  expect(page.getCurrentResult()).toMatchObject({ data: { user: ANN }, error: null });
  expect(queries.getQueryData(WHAT_SHE_SAW)).toEqual(["DEPLOY_TOKEN"]);
  here = BEN;
  await signIn(queries, { username: "ben", password: "secret" });
  expect(queries.getQueryData(WHAT_SHE_SAW)).toBeUndefined();
  expect(queries.getQueryData(session.queryKey)?.user).toEqual(BEN);
});

test("who has signed in in another tab is found when the page looks again", async () => {
  const page = watching();
  await refuse();
  here = ANN;
  await page.refetch();
  expect(page.getCurrentResult()).toMatchObject({ data: { user: ANN }, error: null });
});

test("before anybody has signed in, nobody is there, and that is no failure", async () => {
  queries.clear();
  here = null;
  expect((await queries.fetchQuery(session)).user).toBeNull();
});
