import type { TFunction } from "i18next";
import type { Column } from "@/ui/list";
import { Ago } from "@/ui/time";

/** Who changed it last, and when: the columns of everything that is only written and never shown. */
export function changed<Row extends { updated_by: string; updated_at: string }>(
  t: TFunction<"project">,
): readonly Column<Row>[] {
  return [
    { key: "by", title: t("secrets.by"), width: "16%", wide: true, cell: ({ updated_by }) => updated_by || "–" },
    {
      key: "at",
      title: t("secrets.at"),
      width: "130px",
      wide: true,
      cell: ({ updated_at }) => <Ago at={updated_at} />,
    },
  ];
}
