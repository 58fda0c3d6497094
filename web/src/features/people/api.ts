import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { authGroupsList, authUsersList, authUsersRetrieve } from "@/api/generated";
import type { PeopleSearch } from "./search";

export const SIZE = 50;

export function people({ search, inactive, page }: PeopleSearch) {
  const query = { page_size: SIZE, is_active: !inactive, ...(search && { search }), ...(page && { page }) };
  return queryOptions({
    queryKey: ["people", "list", query],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await authUsersList({ query, signal })).data,
  });
}

export function person(id: number) {
  return queryOptions({
    queryKey: ["people", "one", id],
    queryFn: async ({ signal }) => (await authUsersRetrieve({ path: { user: id }, signal })).data,
  });
}

export function groups(page: number | undefined) {
  return queryOptions({
    queryKey: ["groups", "list", page],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await authGroupsList({ query: { page_size: SIZE, ...(page && { page }) }, signal })).data,
  });
}

/** For the members of a group. */
export const everybody = queryOptions({
  queryKey: ["people", "choices"],
  staleTime: 30_000,
  queryFn: async ({ signal }) =>
    (await authUsersList({ query: { is_active: true, page_size: 200 }, signal })).data.results,
});
