import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { authGroupsDestroy, type GroupBody } from "@/api/generated";
import { useMe } from "@/api/session";
import { said } from "@/lib/search";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Pager } from "@/ui/pager";
import { Empty } from "@/ui/states";
import { groups, SIZE } from "./api";
import { GroupForm } from "./group-form";
import styles from "./people.module.css";

const route = getRouteApi("/shell/people");

export function GroupsTab() {
  const { t } = useTranslation("people");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { is_admin } = useMe();
  const asked = useQuery(groups(search.page));
  const [form, setForm] = useState<GroupBody | "new" | null>(null);
  const make = is_admin && (
    <Button type="primary" onClick={() => setForm("new")}>
      {t("groups.new")}
    </Button>
  );
  return (
    <>
      <div className={styles.bar}>
        <p className="muted">{t("groups.says")}</p>
        {make}
      </div>
      <Asked asked={asked} failed={t("groups.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={t("groups.none")} action={make} />
          ) : (
            <>
              <Rows rows={results} mayChange={is_admin} edit={setForm} />
              <Pager
                page={search.page ?? 1}
                size={SIZE}
                count={count}
                go={(page) => void navigate({ search: said({ ...search, page }) })}
              />
            </>
          )
        }
      </Asked>
      {form !== null && <GroupForm {...(form === "new" ? {} : { group: form })} close={() => setForm(null)} />}
    </>
  );
}

function Rows({
  rows,
  mayChange,
  edit,
}: {
  rows: readonly GroupBody[];
  mayChange: boolean;
  edit: (group: GroupBody) => void;
}) {
  const { t } = useTranslation("people");
  const queries = useQueryClient();
  const columns: readonly Column<GroupBody>[] = [
    { key: "name", main: true, title: t("groups.name"), width: "24%", cell: ({ name }) => name },
    {
      key: "members",
      title: t("groups.members"),
      cell: ({ members }) => {
        const names = members.map(({ username }) => username).join(", ");
        return <span title={names}>{names || <span className="muted">{t("groups.nobody")}</span>}</span>;
      },
    },
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (group) =>
        mayChange && (
          <span className={styles.deeds}>
            <IconButton icon={Pencil} label={t("edit", { name: group.name })} act={() => edit(group)} />
            <Danger
              icon={<Trash2 size={14} aria-hidden />}
              label={t("groups.delete", { name: group.name })}
              title={t("groups.delete", { name: group.name })}
              says={t("groups.delete_says", { name: group.name })}
              failed={t("groups.not_deleted")}
              act={() => authGroupsDestroy({ path: { group: group.id } })}
              done={() => queries.invalidateQueries({ queryKey: ["groups"] })}
            />
          </span>
        ),
    },
  ];
  return <List label={t("tabs.groups")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
