import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMonitor } from "@/lib/use-monitor";
import { Card, Page } from "@/ui/page";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { anything, broken, mine, running } from "./api";
import { ApprovalRows, ExecutionRows } from "./rows";

/** What runs, what waits for me, what broke since yesterday. */
export function HomePage() {
  const { t } = useTranslation("home");
  useMonitor();
  if (useQuery(anything).data === false) return <Begin />;
  return (
    <Page title={t("title")}>
      <Waiting />
      <Running />
      <Broken />
    </Page>
  );
}

function Begin() {
  const { t } = useTranslation("home");
  return (
    <Page title={t("title")}>
      <Empty says={t("begin")} action={<Link to="/projects">{t("begin_button")}</Link>} command={t("begin_command")} />
    </Page>
  );
}

function Waiting() {
  const { t } = useTranslation("home");
  const asked = useQuery(mine);
  return (
    <Section title={t("mine")} none={t("mine_none")} asked={asked}>
      <ApprovalRows label={t("mine")} rows={asked.data?.results ?? []} />
    </Section>
  );
}

function Running() {
  const { t } = useTranslation("home");
  const asked = useQuery(running);
  return (
    <Section title={t("running")} none={t("running_none")} asked={asked}>
      <ExecutionRows label={t("running")} rows={asked.data?.results ?? []} />
    </Section>
  );
}

function Broken() {
  const { t } = useTranslation("home");
  const asked = useQuery(broken);
  const all = (
    <Link to="/executions" search={{ since: "day", status: "failed,timeout" }}>
      {t("all")}
    </Link>
  );
  return (
    <Section title={t("broke")} none={t("broke_none")} asked={asked} more={all}>
      <ExecutionRows label={t("broke")} rows={asked.data?.results ?? []} />
    </Section>
  );
}

interface SectionProps {
  title: string;
  none: string;
  asked: { data?: { count: number } | undefined; error: Error | null; refetch: () => unknown };
  more?: ReactNode;
  children: ReactNode;
}

function Section({ title, none, asked, more, children }: SectionProps) {
  const { t } = useTranslation("home");
  const { data, error, refetch } = asked;
  const count = data === undefined || data.count === 0 ? "" : ` · ${data.count}`;
  return (
    <Card title={title + count} more={more}>
      {error !== null && <Failure what={t("failed")} error={error} again={refetch} />}
      {data === undefined && error === null && <Skeleton rows={3} />}
      {data?.count === 0 && <Empty says={none} />}
      {data !== undefined && data.count > 0 && children}
    </Card>
  );
}
