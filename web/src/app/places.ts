import type { LinkProps } from "@tanstack/react-router";
import {
  Blocks,
  Cpu,
  FolderKanban,
  Hand,
  House,
  ListVideo,
  type LucideIcon,
  ScrollText,
  Settings,
  Users,
  Workflow,
  Wrench,
} from "lucide-react";

interface Place {
  readonly to: NonNullable<LinkProps["to"]>;
  readonly text:
    | "home"
    | "projects"
    | "pipelines"
    | "executions"
    | "approvals"
    | "steps"
    | "tools"
    | "workers"
    | "people"
    | "audit"
    | "settings";
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
  { to: "/approvals", text: "approvals", icon: Hand, key: "a" },
  { to: "/steps", text: "steps", icon: Blocks, key: "l" },
  { to: "/tools", text: "tools", icon: Wrench, key: "t" },
  { to: "/workers", text: "workers", icon: Cpu, key: "w" },
  { to: "/people", text: "people", icon: Users, key: "u" },
  { to: "/audit", text: "audit", icon: ScrollText, key: "r" },
  { to: "/settings", text: "settings", icon: Settings, key: "s" },
];
