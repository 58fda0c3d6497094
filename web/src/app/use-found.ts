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

const MOST = 6;

/** What the server finds; what is typed on is looked for while the last answer stands. Executions are the newest ones. */
export function useFound(words: string) {
  return useQuery({
    queryKey: ["palette", words],
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
        pipelines: pipelines.data.results,
        projects: projects.data.results,
        executions: executions.data.results,
        types: types.data,
        saved: saved.data.results,
        people: people.data.results,
        tools: tools.data.results,
      };
    },
  });
}
