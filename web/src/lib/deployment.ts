import type { DeploymentBody } from "@/api/generated";

export type Deployment = DeploymentBody;

/** One thing that an execution brings along, beside that of the last one that deployed there. "" where it is not known. */
export interface Change {
  readonly what: "commit" | "branch" | "version";
  readonly from: string;
  readonly to: string;
}

/** What differs, and what is the same, since the last deployment; nothing about what neither of the two knows. */
export function changesOf({ last, ...now }: Deployment): readonly Change[] {
  if (last === null) return [];
  const all: readonly Change[] = [
    { what: "commit", from: last.commit.slice(0, SHORT), to: now.commit.slice(0, SHORT) },
    { what: "branch", from: last.branch, to: now.branch },
    { what: "version", from: String(last.version ?? ""), to: String(now.version ?? "") },
  ];
  return all.filter(({ from, to }) => from !== "" || to !== "");
}

const SHORT = 10; // characters of a commit, as everywhere on the page of an execution
