import { useTranslation } from "react-i18next";
import { Failure } from "./states";

/** What is wrong with one field, "" when nothing is. */
export type Wrong = (field: string) => string;

interface Refusal extends Error {
  code: string;
  of: (field: string) => string;
}

/** `placed`: whether a field that was asked about has something to say. */
export function wrongOf(error: Error | null): { wrong: Wrong; placed: () => boolean } {
  let placed = false;
  const wrong: Wrong = (field) => {
    const said = isRefusal(error) ? error.of(field) : "";
    if (said !== "") placed = true;
    return said;
  };
  return { wrong, placed: () => placed };
}

/** Above a form that was refused: the whole sentence, or, where a field says it, that it does. */
export function Refused({ what, error, placed }: { what: string; error: Error | null; placed: boolean }) {
  const { t } = useTranslation();
  if (error === null) return null;
  const code = isRefusal(error) ? { code: error.code } : {};
  return <Failure what={what} error={{ message: placed ? t("error.fields") : error.message, ...code }} />;
}

function isRefusal(error: Error | null): error is Refusal {
  return error !== null && "of" in error && "code" in error;
}
