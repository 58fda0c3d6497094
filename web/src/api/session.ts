import { type QueryClient, queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { takeCsrf } from "./client";
import {
  authSessionCreate,
  authSessionDestroy,
  authSessionRetrieve,
  type SignInWritable,
  type UserBody,
} from "./generated";

/** Who is signed in; `user` is null when nobody is. */
export const session = queryOptions({
  queryKey: ["session"],
  staleTime: 5 * 60_000,
  queryFn: async ({ signal }) => {
    const { data } = await authSessionRetrieve({ signal });
    takeCsrf(data.csrf_token);
    return data;
  },
});

export async function signIn(queries: QueryClient, body: SignInWritable): Promise<void> {
  await queries.fetchQuery({ ...session, staleTime: 0 }); // the CSRF token that the form is sent with
  const { data } = await authSessionCreate({ body });
  takeCsrf(data.csrf_token);
  queries.clear();
  queries.setQueryData(session.queryKey, data);
}

/** Nothing of what this person saw is kept. */
export async function signOut(queries: QueryClient): Promise<void> {
  await authSessionDestroy();
  queries.clear();
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
