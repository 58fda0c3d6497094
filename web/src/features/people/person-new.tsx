import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { authUsersCreate, type PersonBody } from "@/api/generated";
import { Box } from "@/ui/boxes";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { Pick } from "@/ui/pick";
import { LANGUAGES } from "./languages";

/** A new account. Its password is set by its owner, with a code that is offered next. */
export function PersonNew({ close, offer }: { close: () => void; offer: (person: PersonBody) => void }) {
  const { t } = useTranslation("people");
  const queries = useQueryClient();
  return (
    <FormDialog
      title={t("new")}
      submit={t("create")}
      failed={t("not_created")}
      send={async (said) =>
        (
          await authUsersCreate({
            body: {
              username: said.text("username"),
              email: said.text("email"),
              name: said.text("name"),
              language: said.text("language") === "en" ? "en" : "zh-hans",
              is_admin: said.isTicked("is_admin"),
            },
          })
        ).data
      }
      done={async (made) => {
        await queries.invalidateQueries({ queryKey: ["people"] });
        offer(made);
      }}
      close={() => undefined}
      dismiss={close}
    >
      {(wrong) => (
        <>
          <Field label={t("username")} wrong={wrong("username")}>
            {(ids) => (
              <Input
                {...ids}
                name="username"
                autoFocus
                required
                maxLength={150}
                autoComplete="off"
                spellCheck={false}
              />
            )}
          </Field>
          <Field label={t("email")} wrong={wrong("email")}>
            {(ids) => <Input {...ids} name="email" type="email" required maxLength={254} autoComplete="off" />}
          </Field>
          <Field label={t("name")} wrong={wrong("name")}>
            {(ids) => <Input {...ids} name="name" maxLength={150} autoComplete="off" />}
          </Field>
          <Field label={t("language")} wrong={wrong("language")}>
            {(ids) => <Pick {...ids} name="language" options={LANGUAGES} />}
          </Field>
          <Box name="is_admin" label={t("is_admin")} about={t("is_admin_about")} />
        </>
      )}
    </FormDialog>
  );
}
