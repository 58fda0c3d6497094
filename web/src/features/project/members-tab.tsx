import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type MemberBody,
  type ProjectBody,
  projectsMembersDestroy,
  projectsMembersPartialUpdate,
} from "@/api/generated";
import { may, type Role, upTo } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { Danger } from "@/ui/danger";
import { type Column, List } from "@/ui/list";
import { Empty, Failure } from "@/ui/states";
import { members } from "./api";
import { MemberForm } from "./member-form";
import { Pages, Toolbar } from "./toolbar";
import { useRefresh } from "./use-project";

const route = getRouteApi("/shell/projects/$id");

export function MembersTab({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const search = route.useSearch();
  const asked = useQuery(members(project.id, search));
  const [adding, setAdding] = useState(false);
  const add = may(project, "member.change") && (
    <Button type="primary" onClick={() => setAdding(true)}>
      {t("members.add")}
    </Button>
  );
  return (
    <>
      <Toolbar says={t(`members.says_${project.visibility}`)} search={t("members.search")} deed={add} />
      <Asked asked={asked} failed={t("members.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={t("none_found")} />
          ) : (
            <>
              <Rows project={project} rows={results} />
              <Pages count={count} />
            </>
          )
        }
      </Asked>
      {adding && <MemberForm project={project} close={() => setAdding(false)} />}
    </>
  );
}

function Rows({ project, rows }: { project: ProjectBody; rows: readonly MemberBody[] }) {
  const { t } = useTranslation("project");
  const refresh = useRefresh(project.id);
  const giving = useMutation({
    mutationFn: ({ member, role }: { member: number; role: Role }) =>
      projectsMembersPartialUpdate({ path: { project: project.id, member }, body: { role } }),
    onSettled: refresh,
  });
  const mayChange = may(project, "member.change");
  const columns: readonly Column<MemberBody>[] = [
    { key: "username", main: true, title: t("members.user"), cell: ({ username }) => username },
    { key: "email", title: t("members.email"), wide: true, cell: ({ email }) => email || "–" },
    {
      key: "role",
      title: t("members.role"),
      width: "190px",
      cell: (member) =>
        mayChange ? (
          <Choice
            label={t("members.role_of", { name: member.username })}
            value={giving.isPending && giving.variables.member === member.id ? giving.variables.role : member.role}
            options={upTo("owner").map((role) => ({ value: role, label: t(`roles.${role}`) }))}
            onChange={(role) => giving.mutate({ member: member.id, role })}
          />
        ) : (
          t(`roles.${member.role}`)
        ),
    },
    {
      key: "active",
      title: t("members.state"),
      width: "110px",
      wide: true,
      cell: ({ is_active }) => (is_active ? t("members.active") : t("members.inactive")),
    },
    {
      key: "deeds",
      title: "",
      width: "56px",
      align: "end",
      cell: (member) =>
        mayChange && (
          <Danger
            icon={<Trash2 size={14} aria-hidden />}
            label={t("members.remove", { name: member.username })}
            title={t("members.remove", { name: member.username })}
            says={t("members.remove_says", { name: member.username, project: project.name })}
            failed={t("members.not_removed")}
            act={() => projectsMembersDestroy({ path: { project: project.id, member: member.id } })}
            done={refresh}
          />
        ),
    },
  ];
  return (
    <>
      {giving.error !== null && <Failure what={t("not_saved")} error={giving.error} />}
      <List label={t("tabs.members")} columns={columns} rows={rows} idOf={({ id }) => id} />
    </>
  );
}
