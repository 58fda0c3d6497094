import type { ExecutionBody } from "@/api/generated";

/** `shop #12`: how people speak of an execution. */
export function ExecutionName({
  of: { pipeline_name, number },
}: {
  of: Pick<ExecutionBody, "id" | "pipeline_name" | "number">;
}) {
  return (
    <span title={`${pipeline_name} #${number}`}>
      {pipeline_name} <span className="muted">#{number}</span>
    </span>
  );
}
