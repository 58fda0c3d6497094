import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { projectsList } from "@/api/generated";
import type { ProjectsSearch } from "./search";

export const SIZE = 50;

export function projects(search: ProjectsSearch) {
  return queryOptions({
    queryKey: ["projects", "list", search],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await projectsList({ query: { ...search, ordering: "name", page_size: SIZE }, signal })).data,
  });
}
