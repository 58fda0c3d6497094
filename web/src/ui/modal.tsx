import AntModal, { type ModalProps as AntModalProps } from "antd/es/modal";
import { useEffect, useState } from "react";

interface ModalProps extends AntModalProps {
  /** What was asked for is under way: nothing closes it before the answer is here, so no answer is missed. */
  busy?: boolean;
  /** Nothing but what stands in it closes it, and no accident: what is shown once is not lost. */
  stays?: boolean;
}

const BUSY: AntModalProps = {
  onCancel: () => undefined,
  closable: { disabled: true },
  styles: { close: { color: "var(--control)" } }, // the kit draws it as before
};
const STAYS: AntModalProps = { closable: false, keyboard: false, mask: { closable: false } };

/** Mounted while it is open only. */
export function Modal({ busy = false, stays = false, ...known }: ModalProps) {
  useFocusBack();
  return <AntModal {...known} {...(busy && BUSY)} {...(stays && STAYS)} />;
}

/** What had focus when each of the open dialogs came. */
const trail: (Element | null)[] = [];

/**
 * Focus goes back to what had it: the kit's own way needs a dialog to stay mounted while it closes. Where that was in
 * another dialog that has gone, too, it goes back to where that one came from.
 */
function useFocusBack() {
  const [before] = useState(() => [...trail, document.activeElement]); // while it is drawn first, before the dialog takes it
  useEffect(() => {
    const last = before.at(-1) ?? null;
    trail.push(last);
    return () => {
      trail.splice(trail.lastIndexOf(last), 1);
      if (document.activeElement === document.body) before.findLast(takesFocus)?.focus({ preventScroll: true });
    };
  }, [before]);
}

function takesFocus(place: Element | null): place is HTMLElement {
  return place instanceof HTMLElement && place.isConnected && place !== document.body;
}
