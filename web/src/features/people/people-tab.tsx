import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { KeyRound, Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PersonBody } from "@/api/generated";
import { useMe } from "@/api/session";
import { said } from "@/lib/search";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Pager } from "@/ui/pager";
import { SearchField } from "@/ui/search-field";
import { Segmented } from "@/ui/segmented";
import { Empty } from "@/ui/states";
import { people, SIZE } from "./api";
import styles from "./people.module.css";
import { PersonForm } from "./person-form";
import { PersonNew } from "./person-new";
import { ResetDialog } from "./reset-dialog";
import type { PeopleSearch } from "./search";

const route = getRouteApi("/shell/people");

type Open = { readonly what: "new" } | { readonly what: "edit" | "reset"; readonly person: PersonBody } | null;

export function PeopleTab() {
  const { t } = useTranslation("people");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { is_admin } = useMe();
  const asked = useQuery(people(search));
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const filter = (change: { [K in keyof PeopleSearch]: PeopleSearch[K] | undefined }) =>
    void navigate({ search: said({ ...search, page: undefined, ...change }), replace: true });
  return (
    <>
      <div className={styles.bar}>
        <SearchField
          label={t("search")}
          value={search.search ?? ""}
          onSearch={(words) => filter({ search: words || undefined })}
        />
        <Segmented
          value={search.inactive ? "inactive" : "active"}
          options={[
            { value: "active", label: t("active") },
            { value: "inactive", label: t("inactive") },
          ]}
          onChange={(which) => filter({ inactive: which === "inactive" ? true : undefined })}
        />
        {is_admin && (
          <Button type="primary" onClick={() => setOpen({ what: "new" })}>
            {t("new")}
          </Button>
        )}
      </div>
      <Asked asked={asked} failed={t("failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={t("none_found")} />
          ) : (
            <>
              <Rows rows={results} mayChange={is_admin} open={setOpen} />
              <Pager page={search.page ?? 1} size={SIZE} count={count} go={(page) => filter({ page })} />
            </>
          )
        }
      </Asked>
      {open?.what === "new" && <PersonNew close={close} offer={(person) => setOpen({ what: "reset", person })} />}
      {open?.what === "edit" && <PersonForm id={open.person.id} name={open.person.username} close={close} />}
      {open?.what === "reset" && <ResetDialog person={open.person} close={close} />}
    </>
  );
}

function Rows({
  rows,
  mayChange,
  open,
}: {
  rows: readonly PersonBody[];
  mayChange: boolean;
  open: (what: Open) => void;
}) {
  const { t } = useTranslation("people");
  const columns: readonly Column<PersonBody>[] = [
    { key: "username", main: true, title: t("username"), width: "22%", cell: ({ username }) => username },
    { key: "name", title: t("name"), cell: ({ name }) => name || "–" },
    ...(mayChange
      ? [{ key: "email", title: t("email"), wide: true, cell: ({ email }: PersonBody) => email ?? "–" }]
      : []),
    {
      key: "role",
      title: t("role"),
      width: "150px",
      wide: true,
      cell: ({ is_admin }) => (is_admin ? t("admin") : t("member")),
    },
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (person) =>
        mayChange && (
          <span className={styles.deeds}>
            <IconButton
              icon={Pencil}
              label={t("edit", { name: person.username })}
              act={() => open({ what: "edit", person })}
            />
            <IconButton
              icon={KeyRound}
              label={t("reset.for", { name: person.username })}
              act={() => open({ what: "reset", person })}
            />
          </span>
        ),
    },
  ];
  return <List label={t("tabs.people")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
