import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Asked as Body, type FormBody, pipelinesRunCreate } from "@/api/generated";
import type { Said } from "@/lib/said";
import { said as without } from "@/lib/search";
import { translated } from "@/lib/sentences";
import { Asked } from "@/ui/asked";
import { Boxes } from "@/ui/boxes";
import { useGoToExecution } from "@/ui/execution-link";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { Modal } from "@/ui/modal";
import type { Wrong } from "@/ui/refused";
import { Suggested } from "@/ui/suggested";
import { executions, form, refs } from "./api";
import { InputField } from "./input-field";
import { parametersOf } from "./model/asked";
import { branches, commits, tags } from "./model/refs";
import styles from "./parts.module.css";
import type { PartProps } from "./pipeline-page";
import { useRefresh } from "./use-pipeline";

const route = getRouteApi("/shell/pipelines/$id");

/** Made from the inputs that the file declares. Starts an execution, and goes there. */
export function RunForm({ pipeline, project }: PartProps) {
  const { t } = useTranslation("pipeline");
  const asked = useQuery(form(pipeline.id));
  const search = route.useSearch();
  const stay = route.useNavigate();
  const go = useGoToExecution();
  const refresh = useRefresh(pipeline.id);
  const close = () => void stay({ search: without({ ...search, run: undefined }), replace: true });
  if (asked.data === undefined)
    return (
      <Modal open title={t("run.title", { name: pipeline.name })} onCancel={close} footer={null}>
        <Asked asked={asked} failed={t("run.no_form")} rows={3}>
          {() => null}
        </Asked>
      </Modal>
    );
  const { inputs, steps } = asked.data;
  const start = async (said: Said) =>
    (await pipelinesRunCreate({ path: { id: pipeline.id }, body: bodyOf(asked.data, said) })).data;
  return (
    <FormDialog
      title={t("run.title", { name: pipeline.name })}
      submit={t("run.start")}
      failed={t("run.not_started")}
      send={start}
      done={async (started) => {
        await refresh();
        await go(started);
      }}
      close={() => undefined}
      dismiss={close}
    >
      {(wrong) => (
        <>
          {inputs.map((input) => (
            <InputField key={input.name} input={input} wrong={wrong(`inputs.${input.name}`)} />
          ))}
          {inputs.length === 0 && <p className="muted">{t("run.no_inputs")}</p>}
          <About pipeline={pipeline} project={project} wrong={wrong} />
          <details className={styles.group}>
            <summary>{t("run.only")}</summary>
            <Boxes
              legend={t("run.steps")}
              name="steps"
              options={steps.map((step) => ({ value: step, label: step }))}
              about={t("run.steps_about")}
              wrong={wrong("steps")}
            />
          </details>
        </>
      )}
    </FormDialog>
  );
}

/** What it is of. What there is to choose from is a help: whatever else is typed goes to the server as well. */
function About({ pipeline, project, wrong }: PartProps & { wrong: Wrong }) {
  const { t } = useTranslation("pipeline");
  const named = useQuery(refs(project));
  const recent = useQuery(executions(pipeline.id)).data?.results ?? [];
  const known = { refs: named.data, recent, usual: project.default_branch };
  return (
    <>
      <div className={styles.row}>
        <Field label={t("run.branch")} wrong={wrong("branch")}>
          {(ids) => <Suggested {...ids} name="branch" placeholder={project.default_branch} from={branches(known)} />}
        </Field>
        <Field label={t("run.tag")} wrong={wrong("tag")}>
          {(ids) => <Suggested {...ids} name="tag" from={tags(known)} />}
        </Field>
        <Field label={t("run.commit")} wrong={wrong("commit")}>
          {(ids) => <Suggested {...ids} name="commit" from={commits(known)} />}
        </Field>
      </div>
      {named.error !== null && (
        <p className="muted" style={{ marginBottom: 14 }}>
          {t("run.no_refs")} {translated(named.error.message)}
        </p>
      )}
      <Field label={t("run.message")} wrong={wrong("message")} about={t("run.message_about")}>
        {(ids) => <Input {...ids} name="message" />}
      </Field>
    </>
  );
}

/** Only what was said: for the rest the server has defaults. */
function bodyOf({ version, inputs }: FormBody, said: Said): Body {
  const steps = said.all("steps");
  const texts = (["branch", "tag", "commit", "message"] as const).map((name) => [name, said.text(name)] as const);
  return {
    version, // what the form was made from: who saves meanwhile does not change what is started
    trigger_type: "manual",
    parameters: parametersOf(inputs, said),
    ...Object.fromEntries(texts.filter(([, text]) => text !== "")),
    ...(steps.length === 0 ? {} : { steps }),
  };
}
