import { Link } from "@tanstack/react-router";

interface ExecutionNameProps {
  id: number;
  pipeline: string;
  number: number;
}

/** `shop #12`: how people speak of an execution, wherever it stands. */
export function ExecutionName({ id, pipeline, number }: ExecutionNameProps) {
  return (
    <Link to="/executions/$id" params={{ id: String(id) }} title={`${pipeline} #${number}`}>
      {pipeline} <span className="muted">#{number}</span>
    </Link>
  );
}
