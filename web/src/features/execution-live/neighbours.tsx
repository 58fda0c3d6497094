import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { WholeExecutionBody } from "@/api/generated";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { neighbour, type Way } from "./api";

/** To the execution of this pipeline before this one, and after it. Whether there is one is asked when it is wanted. */
export function Neighbours({ execution }: { execution: WholeExecutionBody }) {
  const { t } = useTranslation("execution-live");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [last, setLast] = useState<Way | null>(null);
  const go = async (way: Way) => {
    const id = await queries.fetchQuery(neighbour(execution, way));
    setLast(id === null ? way : null);
    if (id !== null) await navigate({ to: "/executions/$id", params: { id: String(id) } });
  };
  const start = (way: Way) => void go(way).catch(() => undefined); // it is asked again at the next press
  useKey("[", t("keys.before"), () => start("before"));
  useKey("]", t("keys.after"), () => start("after"));
  return (
    <span>
      {(["before", "after"] as const).map((way) => (
        <Button
          key={way}
          size="small"
          type="text"
          disabled={last === way}
          aria-label={t(`keys.${way}`)}
          title={t(last === way ? `none_${way}` : `keys.${way}`)}
          icon={way === "before" ? <ChevronLeft size={14} /> : <ChevronRight size={14} />}
          onClick={() => start(way)}
        />
      ))}
    </span>
  );
}
