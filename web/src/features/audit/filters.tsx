import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { said } from "@/lib/search";
import { Choice } from "@/ui/choice";
import { SearchField } from "@/ui/search-field";
import { projects } from "./api";
import { type AuditSearch, SINCE } from "./search";

const route = getRouteApi("/shell/audit");

/** What actions begin with: the kinds of things that deeds are recorded of. */
const KINDS = [
  "approval.",
  "atomic_step.",
  "git_credential.",
  "data_key.",
  "environment.",
  "execution.",
  "group.",
  "member.",
  "pipeline.",
  "project.",
  "retention.",
  "secret.",
  "token.",
  "tool.",
  "user.",
  "variable.",
] as const;

export function Filters() {
  const { t } = useTranslation("audit");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const known = useQuery(projects).data ?? [];
  const filter = (change: { [K in keyof AuditSearch]: AuditSearch[K] | undefined }) =>
    void navigate({ search: said({ ...search, page: undefined, ...change }), replace: true });
  const actions = [...new Set([...KINDS, ...(search.action === undefined ? [] : [search.action])])];
  return (
    <>
      <SearchField
        label={t("actor")}
        width={190}
        value={search.actor ?? ""}
        onSearch={(actor) => filter({ actor: actor || undefined })}
      />
      <Choice
        label={t("action")}
        value={search.action ?? ""}
        options={[
          { value: "", label: t("all_actions") },
          ...actions.map((value) => ({ value, label: value.endsWith(".") ? `${value}*` : value })),
        ]}
        onChange={(action) => filter({ action: action || undefined })}
      />
      <Choice
        label={t("project")}
        value={String(search.project ?? "")}
        options={[
          { value: "", label: t("all_projects") },
          ...known.map(({ id, name }) => ({ value: String(id), label: name })),
        ]}
        onChange={(id) => filter({ project: id === "" ? undefined : Number(id) })}
      />
      <Choice
        label={t("since")}
        value={search.since ?? ""}
        options={[
          { value: "", label: t("since_any") },
          ...SINCE.map((value) => ({ value, label: t(`since_${value}`) })),
        ]}
        onChange={(since) => filter({ since: since || undefined })}
      />
    </>
  );
}
