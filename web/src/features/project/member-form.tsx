import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { type ProjectBody, projectsMembersCreate } from "@/api/generated";
import { type Role, upTo } from "@/lib/roles";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { people } from "./api";
import { useRefresh } from "./use-project";

/** Somebody who has an account; suggestions come while one types. */
export function MemberForm({ project, close }: { project: ProjectBody; close: () => void }) {
  const { t } = useTranslation("project");
  const [typed, setTyped] = useState("");
  const [role, setRole] = useState<Role>("developer");
  const suggested = useQuery(people(useDeferredValue(typed.trim()))).data ?? [];
  return (
    <FormDialog
      title={t("members.add")}
      submit={t("members.add")}
      failed={t("members.not_added")}
      send={(said) => projectsMembersCreate({ path: { project: project.id }, body: { user: said.text("user"), role } })}
      done={useRefresh(project.id)}
      close={close}
    >
      {(wrong) => (
        <>
          <Field label={t("members.user")} wrong={wrong("user")} about={t("members.user_about")}>
            {(ids) => (
              <Input
                {...ids}
                name="user"
                list="people-suggested"
                autoComplete="off"
                autoFocus
                required
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            )}
          </Field>
          <datalist id="people-suggested">
            {suggested.map(({ id, username, name }) => (
              <option key={id} value={username}>
                {name}
              </option>
            ))}
          </datalist>
          <Field label={t("members.role")} wrong={wrong("role")} about={t(`role_says.${role}`)}>
            {({ id }) => (
              <Choice
                id={id}
                value={role}
                options={upTo(project.my_role).map((one) => ({ value: one, label: t(`roles.${one}`) }))}
                onChange={setRole}
              />
            )}
          </Field>
        </>
      )}
    </FormDialog>
  );
}
