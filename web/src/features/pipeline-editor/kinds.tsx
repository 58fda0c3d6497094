import {
  Bell,
  FileSymlink,
  FlaskConical,
  GitBranch,
  Hammer,
  type LucideIcon,
  Puzzle,
  Rocket,
  ShieldCheck,
  Terminal,
} from "lucide-react";

const ICONS: Readonly<Record<string, LucideIcon>> = {
  fetch_code: GitBranch,
  build: Hammer,
  test: FlaskConical,
  security_scan: ShieldCheck,
  deploy: Rocket,
  notify: Bell,
  custom: Terminal,
  "": FileSymlink, // what a template puts there
};

/** The picture of a step type; a plug-in's has that of all plug-ins. */
export function KindIcon({ kind, size = 14 }: { kind: string; size?: number }) {
  const Icon = ICONS[kind] ?? Puzzle;
  return <Icon size={size} aria-hidden />;
}
