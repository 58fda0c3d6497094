import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { said } from "@/lib/search";
import { EXECUTION_LOOK, EXECUTION_STATUSES } from "@/lib/status";
import { fromLocal, toLocal } from "@/lib/time";
import { Choice } from "@/ui/choice";
import { MomentField } from "@/ui/moment-field";
import { SearchField } from "@/ui/search-field";
import { filterChoices } from "./api";
import { type ExecutionsSearch, SINCE, TRIGGERS } from "./search";

const BETWEEN = "between";

type Change = { [K in keyof ExecutionsSearch]: ExecutionsSearch[K] | undefined };

/** Every filter at once; what is chosen stands in the address. */
export function Filters({ filter, set }: { filter: ExecutionsSearch; set: (filter: ExecutionsSearch) => void }) {
  const { t } = useTranslation(["executions", "status"]);
  const known = useQuery(filterChoices).data;
  const change = (to: Change) => set(said({ ...filter, ...to }));
  const pipelines = (known?.pipelines ?? []).filter(
    ({ project }) => filter.project === undefined || project === filter.project,
  );
  const numbers = (all: string, some: readonly { id: number; name: string }[]) => [
    { value: "", label: all },
    ...some.map(({ id, name }) => ({ value: String(id), label: name })),
  ];
  const isBetween = filter.from !== undefined || filter.to !== undefined;
  const number = (id: string) => (id === "" ? undefined : Number(id));
  return (
    <>
      <Choice
        label={t("status")}
        value={filter.status ?? ""}
        options={[
          { value: "", label: t("all_statuses") },
          { value: "failed,timeout", label: t("broken") },
          ...EXECUTION_STATUSES.map((status) => ({ value: status, label: t(`status:${EXECUTION_LOOK[status].word}`) })),
        ]}
        onChange={(status) => change({ status: status || undefined })}
      />
      <Choice
        label={t("project")}
        value={String(filter.project ?? "")}
        options={numbers(t("all_projects"), known?.projects ?? [])}
        onChange={(id) => change({ project: number(id), pipeline: undefined })}
      />
      <Choice
        label={t("pipeline")}
        value={String(filter.pipeline ?? "")}
        options={numbers(t("all_pipelines"), pipelines)}
        onChange={(id) => change({ pipeline: number(id) })}
      />
      <Choice
        label={t("trigger")}
        value={filter.trigger ?? ""}
        options={[
          { value: "", label: t("all_triggers") },
          ...TRIGGERS.map((value) => ({ value, label: t(`triggers.${value}`) })),
        ]}
        onChange={(trigger) => change({ trigger: trigger || undefined })}
      />
      <Choice
        label={t("since")}
        value={isBetween ? BETWEEN : (filter.since ?? "")}
        options={[
          { value: "", label: t("since_any") },
          ...SINCE.map((value) => ({ value, label: t(`since_${value}`) })),
          { value: BETWEEN, label: t("since_between") },
        ]}
        onChange={(since) =>
          since === BETWEEN
            ? change({ since: undefined, from: midnight() })
            : change({ since: since || undefined, from: undefined, to: undefined })
        }
      />
      {isBetween && (
        <>
          <MomentField
            label={t("from")}
            value={filter.from ?? ""}
            onChange={(from) => change({ from: from || undefined })}
          />
          <span className="muted">–</span>
          <MomentField label={t("to")} value={filter.to ?? ""} onChange={(to) => change({ to: to || undefined })} />
        </>
      )}
      <SearchField
        label={t("branch")}
        value={filter.branch ?? ""}
        onSearch={(branch) => change({ branch: branch || undefined })}
        width={130}
      />
      <SearchField
        label={t("by")}
        value={filter.by ?? ""}
        onSearch={(by) => change({ by: by || undefined })}
        width={130}
        hasKey={false}
      />
    </>
  );
}

/** Of today, of here. */
function midnight(): string {
  return fromLocal(`${toLocal(new Date().toISOString()).slice(0, 10)}T00:00`);
}
