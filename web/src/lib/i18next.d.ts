import "i18next";
import type app from "../locales/en/app.json";
import type approvals from "../locales/en/approvals.json";
import type audit from "../locales/en/audit.json";
import type auth from "../locales/en/auth.json";
import type executionLive from "../locales/en/execution-live.json";
import type executions from "../locales/en/executions.json";
import type home from "../locales/en/home.json";
import type library from "../locales/en/library.json";
import type newPipeline from "../locales/en/new-pipeline.json";
import type people from "../locales/en/people.json";
import type pipeline from "../locales/en/pipeline.json";
import type pipelineEditor from "../locales/en/pipeline-editor.json";
import type pipelines from "../locales/en/pipelines.json";
import type project from "../locales/en/project.json";
import type projects from "../locales/en/projects.json";
import type settings from "../locales/en/settings.json";
import type status from "../locales/en/status.json";
import type tools from "../locales/en/tools.json";
import type workers from "../locales/en/workers.json";

// One line per namespace: `t("projects:title")` does not compile when no such text exists.
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "app";
    resources: {
      app: typeof app;
      workers: typeof workers;
      tools: typeof tools;
      settings: typeof settings;
      project: typeof project;
      pipeline: typeof pipeline;
      people: typeof people;
      "new-pipeline": typeof newPipeline;
      library: typeof library;
      audit: typeof audit;
      approvals: typeof approvals;
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
