import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { authGroupsCreate, authGroupsPartialUpdate, type GroupBody } from "@/api/generated";
import { Asked } from "@/ui/asked";
import { Boxes } from "@/ui/boxes";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { everybody } from "./api";

/** A name, and who is in it. */
export function GroupForm({ group, close }: { group?: GroupBody; close: () => void }) {
  const { t } = useTranslation("people");
  const queries = useQueryClient();
  const asked = useQuery(everybody);
  return (
    <FormDialog
      title={group?.name ?? t("groups.new")}
      submit={group === undefined ? t("create") : t("save")}
      failed={t("not_saved")}
      send={(said) => {
        // Without the list nobody was asked who is in it: then the members stay as they are.
        const members = asked.data === undefined ? {} : { members: said.all("members").map(Number) };
        const body = { name: said.text("name"), ...members };
        return group === undefined
          ? authGroupsCreate({ body })
          : authGroupsPartialUpdate({ path: { group: group.id }, body });
      }}
      done={() => queries.invalidateQueries({ queryKey: ["groups"] })}
      close={close}
    >
      {(wrong) => (
        <>
          <Field label={t("groups.name")} wrong={wrong("name")}>
            {(ids) => <Input {...ids} name="name" autoFocus required defaultValue={group?.name ?? ""} />}
          </Field>
          <Asked asked={asked} failed={t("failed")} rows={3}>
            {(known) => (
              <Boxes
                legend={t("groups.members")}
                name="members"
                options={withMembers(known, group).map(({ id, username, name }) => ({
                  value: String(id),
                  label: username,
                  about: name,
                }))}
                ticked={group?.members.map(({ id }) => String(id)) ?? []}
                wrong={wrong("members")}
              />
            )}
          </Asked>
        </>
      )}
    </FormDialog>
  );
}

type Someone = { readonly id: number; readonly username: string; readonly name: string };

/** Those who are in it stay in the list, also where they are not among the first of all people. */
function withMembers(known: readonly Someone[], group: GroupBody | undefined): readonly Someone[] {
  const ids = new Set(known.map(({ id }) => id));
  return [...(group?.members ?? []).filter(({ id }) => !ids.has(id)), ...known];
}
