import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { authUsersPartialUpdate, type UserBody } from "@/api/generated";
import { session, useMe } from "@/api/session";
import { Asked } from "@/ui/asked";
import { Box } from "@/ui/boxes";
import { Facts } from "@/ui/facts";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { Modal } from "@/ui/modal";
import { Pick } from "@/ui/pick";
import { Ago } from "@/ui/time";
import { person } from "./api";
import { LANGUAGES } from "./languages";

/** What an administrator may change of an account. */
export function PersonForm({ id, name, close }: { id: number; name: string; close: () => void }) {
  const { t } = useTranslation("people");
  const asked = useQuery(person(id));
  if (asked.data !== undefined) return <Loaded user={asked.data} close={close} />;
  return (
    <Modal open title={name} onCancel={close} footer={null}>
      <Asked asked={asked} failed={t("one_failed")} rows={4}>
        {() => null}
      </Asked>
    </Modal>
  );
}

function Loaded({ user, close }: { user: UserBody; close: () => void }) {
  const { t } = useTranslation("people");
  const queries = useQueryClient();
  const me = useMe();
  return (
    <FormDialog
      title={user.username}
      submit={t("save")}
      failed={t("not_saved")}
      send={(said) =>
        authUsersPartialUpdate({
          path: { user: user.id },
          body: {
            email: said.text("email"),
            name: said.text("name"),
            language: said.text("language") === "en" ? "en" : "zh-hans",
            is_admin: said.isTicked("is_admin"),
            is_active: said.isTicked("is_active"),
          },
        })
      }
      done={() =>
        Promise.all([
          queries.invalidateQueries({ queryKey: ["people"] }),
          ...(user.id === me.id ? [queries.invalidateQueries({ queryKey: session.queryKey })] : []),
        ])
      }
      close={close}
    >
      {(wrong) => (
        <>
          <Field label={t("email")} wrong={wrong("email")}>
            {(ids) => <Input {...ids} name="email" type="email" required defaultValue={user.email} />}
          </Field>
          <Field label={t("name")} wrong={wrong("name")}>
            {(ids) => <Input {...ids} name="name" defaultValue={user.name} />}
          </Field>
          <Field label={t("language")} wrong={wrong("language")}>
            {(ids) => <Pick {...ids} name="language" options={LANGUAGES} defaultValue={user.language} />}
          </Field>
          <Box name="is_active" label={t("is_active")} about={t("is_active_about")} ticked={user.is_active} />
          <Box name="is_admin" label={t("is_admin")} about={t("is_admin_about")} ticked={user.is_admin} />
          <div style={{ marginTop: 14 }}>
            <Facts
              facts={[
                [t("password"), user.has_password ? t("password_set") : t("password_none")],
                [t("created"), <Ago key="created" at={user.created_at} />],
                [
                  t("last_sign_in"),
                  user.last_sign_in_at === null ? t("never") : <Ago key="last" at={user.last_sign_in_at} />,
                ],
              ]}
            />
          </div>
        </>
      )}
    </FormDialog>
  );
}
