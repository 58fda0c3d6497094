import { useTranslation } from "react-i18next";
import { SINGLE_KEYS, useKept } from "@/lib/kept";
import { useShownKeys } from "@/lib/use-key";
import { Modal } from "@/ui/modal";
import { Switch } from "@/ui/switch";
import styles from "./key-sheet.module.css";

const NAMES: Readonly<Record<string, string>> = {
  mod: /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl",
  escape: "Esc",
};

/** The keys of this page. Single letters can be switched off (WCAG 2.1.4). */
export default function KeySheet({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const [single, setSingle] = useKept(SINGLE_KEYS);
  const keys = useShownKeys();
  return (
    <Modal open title={t("keys.sheet")} onCancel={close} footer={null}>
      <dl className={styles.keys}>
        {keys.map(({ keys: pressed, says }) => (
          <div key={pressed}>
            <dt>
              {pressed.split(/[>+]/).map((key) => (
                <kbd key={key}>{NAMES[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the switch inside is the control */}
      <label className={styles.single}>
        <Switch size="small" checked={single === "on"} onChange={(on) => setSingle(on ? "on" : "off")} />{" "}
        {t("keys.single")}
      </label>
    </Modal>
  );
}
