import { queryOptions } from "@tanstack/react-query";
import { cicdToolsList } from "@/api/generated";

export const tools = queryOptions({
  queryKey: ["tools"],
  refetchInterval: 30_000,
  queryFn: async ({ signal }) => (await cicdToolsList({ query: { page_size: 200 }, signal })).data,
});
