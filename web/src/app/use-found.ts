import { keepPreviousData, useQuery } from "@tanstack/react-query";
import {
  authUsersList,
  cicdAtomicStepsList,
  cicdAtomicStepsTypes,
  cicdExecutionsList,
  cicdToolsList,
  pipelinesList,
  projectsList,
} from "@/api/generated";
import { says } from "./finding";

const MOST = 6;

/**
 * What there is for these words: all of it at once, and the same as long as they stand, for somebody is about to choose from
 * it. Until it is there, the answer to the last words is given, and says so by its `words`. Executions are some of the newest.
 */
export function useFound(words: string) {
  return useQuery({
    queryKey: ["palette", words],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0, // the next one who asks is told what is so then
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { page_size: MOST, ...(words === "" ? {} : { search: words }) };
      const [pipelines, projects, executions, types, saved, people, tools] = await Promise.all([
        pipelinesList({ query: { ...query, ordering: "-executed_at" }, signal }),
        projectsList({ query, signal }),
        cicdExecutionsList({ query: { page_size: 20 }, signal }),
        cicdAtomicStepsTypes({ signal }),
        cicdAtomicStepsList({ query: { ...query, kind: "saved" }, signal }),
        authUsersList({ query, signal }),
        cicdToolsList({ query, signal }),
      ]);
      return {
        words,
        pipelines: pipelines.data.results,
        projects: projects.data.results,
        executions: executions.data.results.filter(({ pipeline_name, number, message, branch }) =>
          says(words, `${pipeline_name} #${number}`, message, branch),
        ),
        types: types.data.filter(({ name, summary }) => says(words, name, summary)),
        saved: saved.data.results,
        people: people.data.results,
        tools: tools.data.results,
      };
    },
  });
}

export type Found = NonNullable<ReturnType<typeof useFound>["data"]>;
