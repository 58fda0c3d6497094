import { queryOptions } from "@tanstack/react-query";
import { authTokensList, projectsList } from "@/api/generated";

export const tokens = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => (await authTokensList({ query: { page_size: 200 }, signal })).data,
});

export const projects = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});
