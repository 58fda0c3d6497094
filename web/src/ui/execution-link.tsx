import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

interface Execution {
  readonly id: number;
}

interface ExecutionLinkProps {
  of: Execution;
  label: string;
  className?: string | undefined;
  children?: ReactNode;
}

/** To one execution, where its name would not fit. */
export function ExecutionLink({ of, label, className, children }: ExecutionLinkProps) {
  return (
    <Link to="/executions/$id" params={{ id: String(of.id) }} aria-label={label} title={label} className={className}>
      {children}
    </Link>
  );
}

/** The same for what is no link: a form that has started one, the palette. */
export function useGoToExecution(): (execution: Execution) => Promise<void> {
  const navigate = useNavigate();
  return ({ id }) => navigate({ to: "/executions/$id", params: { id: String(id) } });
}
