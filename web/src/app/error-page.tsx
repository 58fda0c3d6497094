import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError, asCrash } from "@/api/errors";
import { Page } from "@/ui/page";
import { Empty, Failure } from "@/ui/states";

/** The last net: a page that could not be loaded, or fell while it was drawn. The shell around it stays, and React
 * tells the console what was thrown. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const again = () => {
    if (!(error instanceof ApiError)) return window.location.reload(); // a part that was not fetched stays unfetched
    reset();
    void router.invalidate();
  };
  return (
    <Page title={t("error.title")}>
      <Failure what={t("error.page")} error={asCrash(error)} again={again} />
    </Page>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t("not_found.title")}>
      <Empty says={t("not_found.says")} action={<Link to="/">{t("not_found.home")}</Link>} />
    </Page>
  );
}
