import { type QueryClient, queryOptions, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { takeCsrf } from "./client";
import { ApiError } from "./errors";
import {
  authSessionCreate,
  authSessionDestroy,
  authSessionRetrieve,
  type SessionBody,
  type SignInWritable,
  type UserBody,
} from "./generated";

const KEY = ["session"] as const;

/**
 * Who is signed in; `user` is null when nobody is. A session that ends while somebody is here is a failure of this
 * query, beside the one who was: so the page stays, with what was typed into it, while it is asked who is there.
 */
export const session = queryOptions({
  queryKey: KEY,
  staleTime: 5 * 60_000,
  queryFn: async ({ client, signal }) => {
    const now = await askWho(signal);
    if (now.user === null && whoWas(client) !== null) throw ENDED;
    return now;
  },
});

const ENDED = new ApiError(401, { code: "not_authenticated", message: "The session has ended.", details: {} });

/** Whether the session of the person of this page has ended. */
export function useHasEnded(): boolean {
  return useQuery(session).error === ENDED;
}

/** Something was refused, as nobody seems to be signed in any more. Until that is known, it is asked once. */
export function lookAtSession(queries: QueryClient): void {
  if (queries.getQueryState(KEY)?.error === ENDED) return;
  void queries.invalidateQueries({ queryKey: KEY }, { cancelRefetch: false });
}

/** Of what another person saw nothing is kept. */
export async function signIn(queries: QueryClient, body: SignInWritable): Promise<void> {
  await askWho(); // the CSRF token that the form is sent with
  const { data } = await authSessionCreate({ body });
  takeCsrf(data.csrf_token);
  if (data.user?.id !== whoWas(queries)?.id) queries.clear();
  queries.setQueryData(session.queryKey, data);
}

/** Nothing of what this person saw is kept. */
export async function signOut(queries: QueryClient): Promise<void> {
  await authSessionDestroy();
  queries.clear();
}

async function askWho(signal?: AbortSignal): Promise<SessionBody> {
  const { data } = await authSessionRetrieve(signal === undefined ? {} : { signal });
  takeCsrf(data.csrf_token);
  return data;
}

function whoWas(queries: QueryClient): UserBody | null {
  return queries.getQueryData<SessionBody>(KEY)?.user ?? null;
}

/** The person at the keyboard. Only for pages behind the sign-in. */
export function useMe(): UserBody {
  const { user } = useSuspenseQuery(session).data;
  if (user === null) throw new Error("nobody is signed in");
  return user;
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return () => signOut(queries);
}
