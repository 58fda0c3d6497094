import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { authTokensCreate, type NewTokenBody } from "@/api/generated";
import { useMe } from "@/api/session";
import type { Said } from "@/lib/said";
import { Boxes } from "@/ui/boxes";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { Pick } from "@/ui/pick";
import { projects, tokens } from "./api";
import { LIVES, SCOPES } from "./model";

/** Asks for the least: to read, for thirty days. */
export function TokenForm({ close, done }: { close: () => void; done: (made: NewTokenBody) => void }) {
  const { t } = useTranslation("settings");
  const queries = useQueryClient();
  const me = useMe();
  const known = useQuery(projects).data ?? [];
  return (
    <FormDialog
      title={t("tokens.new")}
      submit={t("tokens.make")}
      failed={t("tokens.not_made")}
      send={async (said) => (await authTokensCreate({ body: bodyOf(said) })).data}
      done={async (made) => {
        done(made);
        await queries.invalidateQueries({ queryKey: tokens.queryKey });
      }}
      close={close}
    >
      {(wrong) => (
        <>
          <Field label={t("tokens.name")} wrong={wrong("name")} about={t("tokens.name_about")}>
            {(ids) => <Input {...ids} name="name" autoFocus required maxLength={100} autoComplete="off" />}
          </Field>
          <Boxes
            legend={t("tokens.scopes")}
            name="scopes"
            ticked={["read"]}
            options={SCOPES.map((scope) => ({ value: scope, label: scope, about: t(`tokens.scope_says.${scope}`) }))}
            wrong={wrong("scopes")}
          />
          <Field label={t("tokens.life")} wrong={wrong("expires_in_days")}>
            {(ids) => (
              <Pick
                {...ids}
                name="life"
                defaultValue="30"
                options={LIVES.map((days) => ({
                  value: days,
                  label: days === "" ? t("tokens.forever") : t("tokens.days", { count: Number(days) }),
                }))}
              />
            )}
          </Field>
          <Boxes
            legend={t("tokens.projects")}
            name="projects"
            options={known.map(({ id, name }) => ({ value: String(id), label: name }))}
            wrong={wrong("project_ids")}
            about={t("tokens.projects_about")}
            none={t("tokens.no_projects", { name: me.username })}
          />
        </>
      )}
    </FormDialog>
  );
}

function bodyOf(said: Said) {
  const [days, ids] = [said.number("life"), said.all("projects").map(Number)];
  return {
    name: said.text("name"),
    scopes: SCOPES.filter((scope) => said.all("scopes").includes(scope)),
    ...(days === undefined ? {} : { expires_in_days: days }),
    ...(ids.length === 0 ? {} : { project_ids: ids }),
  };
}
