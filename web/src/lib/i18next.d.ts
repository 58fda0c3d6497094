import "i18next";
import type app from "../locales/en/app.json";
import type auth from "../locales/en/auth.json";
import type executionLive from "../locales/en/execution-live.json";
import type executions from "../locales/en/executions.json";
import type home from "../locales/en/home.json";
import type pipelineEditor from "../locales/en/pipeline-editor.json";
import type pipelines from "../locales/en/pipelines.json";
import type projects from "../locales/en/projects.json";
import type status from "../locales/en/status.json";

// One line per namespace: `t("projects:title")` does not compile when no such text exists.
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "app";
    resources: {
      app: typeof app;
      auth: typeof auth;
      "execution-live": typeof executionLive;
      executions: typeof executions;
      home: typeof home;
      "pipeline-editor": typeof pipelineEditor;
      pipelines: typeof pipelines;
      projects: typeof projects;
      status: typeof status;
    };
  }
}
