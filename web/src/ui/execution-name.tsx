interface ExecutionNameProps {
  id: number;
  pipeline: string;
  number: number;
}

/** `shop #12`: how people speak of an execution, wherever it stands. */
export function ExecutionName({ pipeline, number }: ExecutionNameProps) {
  return (
    <span title={`${pipeline} #${number}`}>
      {pipeline} <span className="muted">#{number}</span>
    </span>
  );
}
