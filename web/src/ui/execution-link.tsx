import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

interface Execution {
  readonly id: number;
  readonly pipeline: number;
}

interface ExecutionLinkProps {
  of: Execution;
  label: string;
  className?: string | undefined;
  children?: ReactNode;
}

// An execution has no page of its own yet: both lead to the executions of its pipeline, among which it stands.

/** To one execution, where its name would not fit. */
export function ExecutionLink({ of, label, className, children }: ExecutionLinkProps) {
  return (
    <Link to="/executions" search={{ pipeline: of.pipeline }} aria-label={label} title={label} className={className}>
      {children}
    </Link>
  );
}

/** The same for what is no link: a form that has started one, the palette. */
export function useGoToExecution(): (execution: Execution) => Promise<void> {
  const navigate = useNavigate();
  return ({ pipeline }) => navigate({ to: "/executions", search: { pipeline } });
}
