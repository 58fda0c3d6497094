import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useGoToExecution } from "@/ui/execution-link";
import { bestFirst, type Kind, says } from "./finding";
import { PLACES } from "./places";
import type { Found } from "./use-found";

/** The pages whose names say what was typed: known at once, so they stand before all that is asked for. */
export function usePlaces(typed: string): Kind {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const all = [
    ...PLACES.map(({ to, text, icon }) => ({ to, name: t(`places.${text}`), icon })),
    { to: "/pipelines/begin", name: t("places.new_pipeline"), icon: Plus } as const,
  ];
  return {
    heading: t("palette.places"),
    things: all
      .filter(({ name }) => says(typed, name))
      .map(({ to, name, icon }) => ({ key: `place ${to}`, name, icon, go: () => navigate({ to }) })),
  };
}

/** What the server has found, each with the way to it, and the best of it first. */
export function useGoals(found: Found | undefined): readonly Kind[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const goToExecution = useGoToExecution();
  if (found === undefined) return [];
  return bestFirst(found.words, [
    {
      heading: t("places.pipelines"),
      things: found.pipelines.map(({ id, name, project_name }) => ({
        key: `pipeline ${id}`,
        name,
        also: project_name,
        go: () => navigate({ to: "/pipelines/$id", params: { id: String(id) } }),
      })),
    },
    {
      heading: t("places.projects"),
      things: found.projects.map(({ id, name }) => ({
        key: `project ${id}`,
        name,
        go: () => navigate({ to: "/projects/$id", params: { id: String(id) } }),
      })),
    },
    {
      heading: t("palette.executions"),
      things: found.executions.map(({ id, number, pipeline_name, message }) => ({
        key: `execution ${id}`,
        name: `${pipeline_name} #${number}`,
        also: message,
        go: () => goToExecution({ id }),
      })),
    },
    {
      heading: t("palette.types"),
      things: found.types.map(({ name, summary }) => ({
        key: `type ${name}`,
        name,
        also: summary,
        go: () => navigate({ to: "/steps", search: { type: name } }),
      })),
    },
    {
      heading: t("palette.saved"),
      things: found.saved.map(({ id, name, description }) => ({
        key: `saved ${id}`,
        name,
        also: description,
        go: () => navigate({ to: "/steps", search: { tab: "saved", ...(id !== null && { step: id }) } }),
      })),
    },
    {
      heading: t("palette.people"),
      things: found.people.map(({ id, username, name }) => ({
        key: `person ${id}`,
        name: username,
        also: name,
        go: () => navigate({ to: "/people", search: { search: username } }),
      })),
    },
    {
      heading: t("palette.tools"),
      things: found.tools.map(({ id, name }) => ({
        key: `tool ${id}`,
        name,
        go: () => navigate({ to: "/tools" }),
      })),
    },
  ]);
}
