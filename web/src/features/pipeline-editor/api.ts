import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  cicdAtomicStepsList,
  cicdAtomicStepsTypes,
  pipelinesPlan,
  pipelinesPlanPlanText,
  pipelinesRetrieve,
  pipelinesValidate,
  pipelinesValidateValidateText,
  projectsList,
} from "@/api/generated";
import type { Event } from "./search";

/** As it is now: what is edited begins with the newest version. */
export function pipeline(id: number) {
  return queryOptions({
    queryKey: ["pipelines", "edit", id],
    staleTime: Number.POSITIVE_INFINITY, // what others save meanwhile comes as a conflict, not under the cursor
    gcTime: 0,
    queryFn: async ({ signal }) => (await pipelinesRetrieve({ path: { id }, signal })).data,
  });
}

export const stepTypes = queryOptions({
  queryKey: ["step-types"],
  staleTime: 5 * 60_000,
  queryFn: async ({ signal }) => (await cicdAtomicStepsTypes({ signal })).data,
});

const MOST = 200; // saved steps in the bar; the step library has them all

/** Saved steps that can be used in a project, and how many there are. */
export function savedSteps(project: number | undefined) {
  return queryOptions({
    queryKey: ["atomic-steps", "in-project", project],
    enabled: project !== undefined,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const query = { kind: "saved" as const, page_size: MOST, ...(project !== undefined && { project }) };
      const { data } = await cicdAtomicStepsList({ query, signal });
      return { steps: data.results, count: data.count };
    },
  });
}

export const projectChoices = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});

/** What the server says about a text; null for a pipeline that is not saved yet. */
export function verdict(id: number | null, source: string) {
  return queryOptions({
    queryKey: ["pipelines", "verdict", id, source],
    staleTime: 60_000,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      if (id === null) return (await pipelinesValidateValidateText({ body: { source }, signal })).data;
      return (await pipelinesValidate({ path: { id }, body: { source }, signal })).data;
    },
  });
}

/** What would run for an event; null for a pipeline that is not saved yet. */
export function plan(id: number | null, source: string, event: Event, branch: string | undefined) {
  return queryOptions({
    queryKey: ["pipelines", "plan", id, source, event, branch],
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const body = { source, event, ...(branch === undefined ? {} : { branch }) };
      if (id === null) return (await pipelinesPlanPlanText({ body, signal })).data;
      return (await pipelinesPlan({ path: { id }, body, signal })).data;
    },
  });
}
