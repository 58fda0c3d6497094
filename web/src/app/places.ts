import type { LinkProps } from "@tanstack/react-router";
import { FolderKanban, House, ListVideo, type LucideIcon, Workflow } from "lucide-react";

interface Place {
  readonly to: NonNullable<LinkProps["to"]>;
  readonly text: "home" | "projects" | "pipelines" | "executions";
  readonly icon: LucideIcon;
  /** `g`, and then this. */
  readonly key: string;
}

/** The navigation, from top to bottom. One line per place. */
export const PLACES: readonly Place[] = [
  { to: "/", text: "home", icon: House, key: "h" },
  { to: "/executions", text: "executions", icon: ListVideo, key: "e" },
  { to: "/pipelines", text: "pipelines", icon: Workflow, key: "p" },
  { to: "/projects", text: "projects", icon: FolderKanban, key: "o" },
];
