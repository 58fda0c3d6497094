import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { cicdToolsHealthCheck, type ToolBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { useSending } from "@/lib/use-sending";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Facts } from "@/ui/facts";
import { Card, Page } from "@/ui/page";
import { Empty, Failure } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tools } from "./api";
import { HEALTH, type Health } from "./health";
import styles from "./tools.module.css";

/** Where pipelines run, and how each place is: as it was found when it was last asked, and no better. */
export function ToolsPage() {
  const { t } = useTranslation("tools");
  const asked = useQuery(tools);
  return (
    <Page title={t("title")} below={<p className="muted">{t("says")}</p>}>
      <Asked asked={asked} failed={t("failed")}>
        {({ results }) =>
          results.length === 0 ? <Empty says={t("none")} /> : results.map((tool) => <Tool key={tool.id} tool={tool} />)
        }
      </Asked>
    </Page>
  );
}

function Tool({ tool }: { tool: ToolBody }) {
  const { t } = useTranslation("tools");
  const queries = useQueryClient();
  const checking = useSending({
    mutationFn: () => cicdToolsHealthCheck({ path: { tool: tool.id }, body: {} }),
    onSettled: () => queries.invalidateQueries({ queryKey: tools.queryKey }),
  });
  return (
    <Card
      title={tool.name}
      more={
        <Button size="small" loading={checking.isPending} onClick={() => checking.mutate()}>
          {t("check")}
        </Button>
      }
    >
      {checking.error !== null && <Failure what={t("not_checked")} error={checking.error} />}
      <div className={styles.facts}>
        <Facts
          facts={[
            [t("health"), <HealthMark key="health" health={tool.status} />],
            [t("found"), translated(tool.message)],
            [t("checked"), tool.checked_at === null ? t("never") : <Ago key="at" at={tool.checked_at} />],
            [t("type"), t(`types.${typeOf(tool)}`)],
            [t("address"), tool.base_url],
            [
              t("workers"),
              tool.tool_type === "local" && (
                <Link key="workers" to="/workers">
                  {t("workers_all")}
                </Link>
              ),
            ],
          ]}
        />
      </div>
    </Card>
  );
}

function typeOf({ tool_type }: ToolBody): "local" | "jenkins" | "gitlab_ci" | "github_actions" | "other" {
  return tool_type === "local" || tool_type === "jenkins" || tool_type === "gitlab_ci" || tool_type === "github_actions"
    ? tool_type
    : "other";
}

function HealthMark({ health }: { health: Health }) {
  const { t } = useTranslation("tools");
  const { icon: Icon, tone } = HEALTH[health];
  return (
    <span className={styles.health} data-tone={tone}>
      <Icon size={14} aria-hidden /> {t(`healths.${health}`)}
    </span>
  );
}
