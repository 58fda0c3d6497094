import { Link, useNavigate } from "@tanstack/react-router";
import { Keyboard, Languages, LogOut, MonitorCog, Moon, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMe, useSignOut } from "@/api/session";
import { speak } from "@/lib/i18n";
import { THEME, useKept } from "@/lib/kept";
import styles from "./shell.module.css";

const THEME_ICON = { system: MonitorCog, light: Sun, dark: Moon };

/** Who is signed in, and what belongs to them: theme, language, keys, the way out. */
export function Person({ showKeys }: { showKeys: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const signOut = useSignOut();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut();
    await navigate({ to: "/sign-in" });
  };
  return (
    <div className={styles.person}>
      <Link to="/settings" className={styles.me} title={me.email}>
        {me.name || me.username}
      </Link>
      <div className={styles.tools}>
        <ThemeButton />
        <LanguageButton />
        <button type="button" title={t("keys.sheet")} aria-label={t("keys.sheet")} onClick={showKeys}>
          <Keyboard size={15} aria-hidden />
        </button>
        <button type="button" title={t("sign_out")} aria-label={t("sign_out")} onClick={() => void leave()}>
          <LogOut size={15} aria-hidden />
        </button>
      </div>
    </div>
  );
}

/** From the system's choice to light to dark, and round again. */
function ThemeButton() {
  const { t } = useTranslation();
  const [theme, setTheme] = useKept(THEME);
  const next = THEME.values[(THEME.values.indexOf(theme) + 1) % THEME.values.length] ?? "system";
  const says = t("theme.button", { now: t(`theme.${theme}`), next: t(`theme.${next}`) });
  const Icon = THEME_ICON[theme];
  return (
    <button type="button" title={says} aria-label={says} onClick={() => setTheme(next)}>
      <Icon size={15} aria-hidden />
    </button>
  );
}

/** Says where it leads in the language it leads to, for who cannot read this one. */
function LanguageButton() {
  const { i18n } = useTranslation();
  const other = i18n.language === "zh-CN" ? "en" : "zh-CN";
  const says = other === "en" ? "English" : "中文";
  return (
    <button type="button" title={says} aria-label={says} lang={other} onClick={() => void speak(other)}>
      <Languages size={15} aria-hidden />
    </button>
  );
}
