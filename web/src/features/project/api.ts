import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  authGroupsList,
  authUsersList,
  cicdGitCredentialsList,
  pipelinesList,
  projectsDeploymentsList,
  projectsEnvironmentsList,
  projectsMembersList,
  projectsRetrieve,
  projectsSecretsList,
  projectsVariablesList,
} from "@/api/generated";
import type { ProjectSearch } from "./search";

export const SIZE = 100;
const MOST = 200;

/** Of one project: whatever is changed in it makes all of it be asked for again. */
export const keyOf = (id: number) => ["projects", "one", id] as const;

export function project(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "itself"],
    queryFn: async ({ signal }) => (await projectsRetrieve({ path: { project: id }, signal })).data,
  });
}

export function pipelines(id: number, { search, page }: ProjectSearch) {
  const query = { project: id, page_size: SIZE, ...(search && { search }), ...(page && { page }) };
  return queryOptions({
    queryKey: [...keyOf(id), "pipelines", query],
    placeholderData: keepPreviousData,
    refetchInterval: 5_000, // their last executions move on
    queryFn: async ({ signal }) => (await pipelinesList({ query, signal })).data,
  });
}

export function environments(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "environments"],
    queryFn: async ({ signal }) =>
      (await projectsEnvironmentsList({ path: { project: id }, query: { page_size: MOST }, signal })).data,
  });
}

/** What is where: of each environment and pipeline the last that went well, newest first. */
export function deployments(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "deployments"],
    queryFn: async ({ signal }) =>
      (await projectsDeploymentsList({ path: { project: id }, query: { page_size: MOST }, signal })).data.results,
  });
}

export function members(id: number, { search, page }: ProjectSearch) {
  const query = { page_size: SIZE, ...(search && { search }), ...(page && { page }) };
  return queryOptions({
    queryKey: [...keyOf(id), "members", query],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await projectsMembersList({ path: { project: id }, query, signal })).data,
  });
}

export function variables(id: number, { search, page }: ProjectSearch) {
  const query = { page_size: SIZE, ...(search && { search }), ...(page && { page }) };
  return queryOptions({
    queryKey: [...keyOf(id), "variables", query],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await projectsVariablesList({ path: { project: id }, query, signal })).data,
  });
}

export function secrets(id: number, { search, page }: ProjectSearch) {
  const query = { page_size: SIZE, ...(search && { search }), ...(page && { page }) };
  return queryOptions({
    queryKey: [...keyOf(id), "secrets", query],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await projectsSecretsList({ path: { project: id }, query, signal })).data,
  });
}

export function credentials(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "credentials"],
    queryFn: async ({ signal }) =>
      (await cicdGitCredentialsList({ query: { project: id, page_size: MOST }, signal })).data,
  });
}

/** For the rules of an environment. */
export const groups = queryOptions({
  queryKey: ["groups", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) => (await authGroupsList({ query: { page_size: MOST }, signal })).data.results,
});

/** Whom one may mean while one types a name. */
export function people(words: string) {
  return queryOptions({
    queryKey: ["people", "suggested", words],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await authUsersList({ query: { is_active: true, page_size: 8, ...(words && { search: words }) }, signal })).data
        .results,
  });
}
