import { Link, Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { Menu, Search } from "lucide-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useHasEnded, useMe } from "@/api/session";
import { adopt } from "@/lib/i18n";
import { useKey } from "@/lib/use-key";
import { part } from "@/ui/part";
import { Skeleton } from "@/ui/states";
import { Person } from "./person";
import { PLACES } from "./places";
import styles from "./shell.module.css";
import { useBack } from "./use-back";

const Palette = part(async () => (await import("./palette")).default, { isOver: true });
const KeySheet = part(async () => (await import("./key-sheet")).default, { isOver: true });
const SessionEnded = part(async () => (await import("@/features/auth/session-ended")).default, { isOver: true });

/** Navigation beside the page, or above it on a narrow screen; the palette and the sheet of keys over both. */
export function Shell() {
  const { t } = useTranslation();
  const [over, setOver] = useState<"palette" | "keys" | null>(null);
  const [open, setOpen] = useState(false);
  const path = useLocation({ select: (location) => location.pathname });
  const main = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu of a narrow screen
  useEffect(() => setOpen(false), [path]);
  const { id, language } = useMe();
  const hasEnded = useHasEnded();
  const [first] = useState(id);
  useEffect(() => {
    if (id !== first) window.location.reload(); // another one has signed in, in another tab
  }, [id, first]);
  useEffect(() => void adopt(language), [language]);
  useKey("mod+k", t("keys.palette"), () => setOver("palette"));
  useKey("?", t("keys.sheet"), () => setOver("keys"));
  const hearTyping = useBack();
  useKey("escape", t("menu_close"), () => setOpen(false), { enabled: open });
  return (
    <div className={styles.shell} data-open={open}>
      <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
        {t("skip")}
      </button>
      <div className={styles.top}>
        <button type="button" aria-expanded={open} aria-label={t("menu")} onClick={() => setOpen(!open)}>
          <Menu size={18} aria-hidden />
        </button>
        <strong>AnsFlow</strong>
        <button type="button" aria-label={t("palette.title")} onClick={() => setOver("palette")}>
          <Search size={18} aria-hidden />
        </button>
      </div>
      <div className={styles.side}>
        <Link to="/" className={styles.name}>
          AnsFlow
        </Link>
        <button type="button" className={styles.search} onClick={() => setOver("palette")}>
          <Search size={14} aria-hidden /> {t("palette.short")} <kbd>{MOD} K</kbd>
        </button>
        <Places />
        <Person showKeys={() => setOver("keys")} />
      </div>
      <main id="main" ref={main} tabIndex={-1} className={styles.main} onInput={hearTyping}>
        <Suspense fallback={<Skeleton />}>
          <Outlet />
        </Suspense>
      </main>
      {hasEnded ? <SessionEnded /> : null}
      {over === "palette" ? <Palette close={() => setOver(null)} /> : null}
      {over === "keys" ? <KeySheet close={() => setOver(null)} /> : null}
    </div>
  );
}

function Places() {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("navigation")} className={styles.places}>
      {PLACES.map(({ to, text, icon: Icon, key }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          activeProps={{ "aria-current": "page" }}
        >
          <Icon size={15} aria-hidden /> {t(`places.${text}`)}
          <GoTo to={to} keys={`g>${key}`} says={t("keys.go", { place: t(`places.${text}`) })} />
        </Link>
      ))}
    </nav>
  );
}

function GoTo({ to, keys, says }: { to: (typeof PLACES)[number]["to"]; keys: string; says: string }) {
  const router = useRouter();
  useKey(keys, says, () => void router.navigate({ to }));
  return null;
}

const MOD = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";
