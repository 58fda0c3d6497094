import { Command } from "cmdk";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Modal } from "@/ui/modal";
import { Failure } from "@/ui/states";
import type { Kind, Thing } from "./finding";
import styles from "./palette.module.css";
import { useFound } from "./use-found";
import { useGoals, usePlaces } from "./use-goals";

/**
 * Everything by its name. Opened with ⌘K or Ctrl K. Nothing that can be chosen moves until something else is typed: pages stand
 * first, and what the server finds comes as one list. Until it has come, that of the last words is there to be seen only, and
 * Enter waits for it.
 */
export default function Palette({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState("");
  const [isEntered, setIsEntered] = useState(false);
  const words = typed.trim();
  const found = useFound(words);
  const isComing = found.error === null && found.data?.words !== words;
  const places = usePlaces(words);
  const goals = useGoals(found.data);
  const ready = [places, ...(isComing ? [] : goals)].flatMap(({ things }) => things);
  const first = ready[0];
  const selected = ready.find(({ key }) => key === chosen) ?? first;
  const goTo = (thing: Thing) => {
    close();
    void thing.go();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first thing there is, when it comes
  useEffect(() => {
    if (isEntered && first !== undefined) goTo(first);
  }, [isEntered, first?.key]);
  return (
    <Modal open title={t("palette.title")} footer={null} closable={false} onCancel={close} className={styles.palette}>
      <Command
        label={t("palette.title")}
        loop
        shouldFilter={false}
        value={selected?.key ?? ""}
        onValueChange={setChosen}
        onKeyDown={({ key, nativeEvent }) => {
          if (key === "Enter" && !nativeEvent.isComposing && isComing && selected === undefined) setIsEntered(true);
        }}
      >
        <Command.Input
          autoFocus
          value={typed}
          onValueChange={(text) => {
            setTyped(text);
            setChosen("");
            setIsEntered(false);
          }}
          placeholder={t("palette.placeholder")}
        />
        <Command.List label={t("palette.title")} aria-busy={isComing}>
          {found.error === null ? (
            <Command.Empty>{isComing ? t("loading") : t("palette.nothing")}</Command.Empty>
          ) : (
            <Failure what={t("palette.failed")} error={found.error} again={() => void found.refetch()} />
          )}
          <Things {...places} goTo={goTo} />
          {goals.map((kind) => (
            <Things key={kind.heading} {...kind} goTo={goTo} isOld={isComing} />
          ))}
        </Command.List>
      </Command>
    </Modal>
  );
}

function Things({ heading, things, goTo, isOld = false }: Kind & { goTo: (thing: Thing) => void; isOld?: boolean }) {
  if (things.length === 0) return null;
  return (
    <Command.Group heading={heading}>
      {things.map((thing) => (
        <Command.Item key={thing.key} value={thing.key} disabled={isOld} onSelect={() => goTo(thing)}>
          {thing.icon === undefined ? null : <thing.icon size={14} aria-hidden />}
          {thing.name} <span className={styles.also}>{thing.also}</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}
