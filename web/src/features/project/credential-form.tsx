import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  cicdGitCredentialsCreate,
  cicdGitCredentialsPartialUpdate,
  type GitCredentialBody,
  type ProjectBody,
} from "@/api/generated";
import type { Said } from "@/lib/said";
import { Area } from "@/ui/area";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import type { Wrong } from "@/ui/refused";
import { useRefresh } from "./use-project";

type Way = "password" | "ssh_key";

interface CredentialFormProps {
  project: ProjectBody;
  credential?: GitCredentialBody;
  close: () => void;
}

/** What to log in to one Git host with. What was sealed before is replaced, never shown. */
export function CredentialForm({ project, credential, close }: CredentialFormProps) {
  const { t } = useTranslation("project");
  const [way, setWay] = useState<Way>(credential?.kind === "ssh_key" ? "ssh_key" : "password");
  return (
    <FormDialog
      title={credential === undefined ? t("credentials.new") : t("secrets.replace", { name: credential.name })}
      submit={t("secrets.seal")}
      failed={t("not_saved")}
      send={(said) => send(project.id, credential, way, said)}
      done={useRefresh(project.id)}
      close={close}
    >
      {(wrong) => (
        <>
          {credential === undefined && (
            <>
              <Field label={t("name")} wrong={wrong("name")}>
                {(ids) => <Input {...ids} name="name" autoFocus required />}
              </Field>
              <Field label={t("credentials.host")} wrong={wrong("host")} about={t("credentials.host_about")}>
                {(ids) => <Input {...ids} name="host" required placeholder="git.example.com" spellCheck={false} />}
              </Field>
              <Field label={t("credentials.kind")}>
                {({ id }) => (
                  <Choice
                    id={id}
                    value={way}
                    options={[
                      { value: "password", label: t("credentials.ways.password") },
                      { value: "ssh_key", label: t("credentials.ways.ssh_key") },
                    ]}
                    onChange={setWay}
                  />
                )}
              </Field>
            </>
          )}
          <Field label={t("credentials.username")} wrong={wrong("username")} about={t(`credentials.username_${way}`)}>
            {(ids) => (
              <Input
                {...ids}
                name="username"
                autoComplete="off"
                defaultValue={credential?.username ?? ""}
                spellCheck={false}
              />
            )}
          </Field>
          <Sealed way={way} wrong={wrong} credential={credential} />
        </>
      )}
    </FormDialog>
  );
}

function Sealed({ way, wrong, credential }: { way: Way; wrong: Wrong; credential: GitCredentialBody | undefined }) {
  const { t } = useTranslation("project");
  const about = credential === undefined ? {} : { about: t("credentials.keep") };
  if (way === "password")
    return (
      <Field label={t("credentials.password")} wrong={wrong("password")} {...about}>
        {(ids) => <Input {...ids} name="password" type="password" autoComplete="new-password" />}
      </Field>
    );
  return (
    <>
      <Field label={t("credentials.ssh_key")} wrong={wrong("ssh_key")} {...about}>
        {(ids) => <Area {...ids} code name="ssh_key" rows={5} autoComplete="off" />}
      </Field>
      <Field
        label={t("credentials.known_hosts")}
        wrong={wrong("known_hosts")}
        about={t("credentials.known_hosts_about")}
      >
        {(ids) => <Area {...ids} code name="known_hosts" rows={3} defaultValue={credential?.known_hosts ?? ""} />}
      </Field>
    </>
  );
}

function send(project: number, credential: GitCredentialBody | undefined, way: Way, said: Said) {
  const sealed = said.exact(way);
  const body = {
    username: said.text("username"),
    ...(sealed === "" ? {} : way === "password" ? { password: sealed } : { ssh_key: sealed }),
    ...(way === "ssh_key" ? { known_hosts: said.exact("known_hosts") } : {}),
  };
  return credential === undefined
    ? cicdGitCredentialsCreate({ body: { project, name: said.text("name"), host: said.text("host"), ...body } })
    : cicdGitCredentialsPartialUpdate({ path: { credential: credential.id }, body });
}
