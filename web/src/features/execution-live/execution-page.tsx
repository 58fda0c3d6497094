import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Page } from "@/ui/page";
import { Failure, Skeleton } from "@/ui/states";
import { execution } from "./api";
import { Whole } from "./whole";

/** `/executions/$id`, and `/executions/$id/steps/$key` for one of its steps. */
export function ExecutionPage() {
  const { t } = useTranslation("execution-live");
  const { id, key } = useParams({ strict: false }) as { id: string; key?: string };
  const number = Number(id);
  const { data, error, refetch } = useQuery(execution(number));
  if (data !== undefined) return <Whole key={number} given={data} chosen={key} />;
  return (
    <Page title={t("title", { number: id })}>
      {error === null ? (
        <Skeleton rows={12} />
      ) : (
        <Failure what={t("failed")} error={error} again={() => void refetch()} />
      )}
    </Page>
  );
}
