import type { ProjectBody } from "@/api/generated";

export type Role = ProjectBody["my_role"];

/** From the least to the most. */
const ROLES = ["guest", "reporter", "developer", "maintainer", "owner"] as const satisfies readonly Role[];

/** The least role for each, as in docs/reference/roles.md. The server decides; this hides what it would refuse. */
export const LEAST = {
  "project.change": "maintainer",
  "project.delete": "owner",
  "member.change": "owner",
  "environment.change": "maintainer",
  "variable.view": "reporter",
  "variable.change": "maintainer",
  "secret.view": "developer",
  "secret.change": "maintainer",
  "credential.view": "developer",
  "credential.change": "maintainer",
  "pipeline.change": "developer",
  "pipeline.delete": "maintainer",
  "atomic_step.change": "developer",
  "execution.run": "developer",
  "execution.cancel": "developer",
  "approval.respond": "developer",
  "audit.view": "maintainer",
} as const satisfies Record<string, Role>;

export type Deed = keyof typeof LEAST;

/** In an archived project everything rests, but what belongs to the project itself and to its members. */
const RESTS = /^(environment|variable|secret|credential|pipeline|atomic_step)\.change$|^execution\.run$/;

interface Place {
  readonly my_role: Role;
  readonly archived_at: string | null;
}

export function may({ my_role, archived_at }: Place, deed: Deed): boolean {
  if (archived_at !== null && RESTS.test(deed)) return false;
  return ROLES.indexOf(my_role) >= ROLES.indexOf(LEAST[deed]);
}

/** The roles that somebody may give: at most their own. */
export function upTo(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}
