import AntModal, { type ModalProps as AntModalProps } from "antd/es/modal";

interface ModalProps extends AntModalProps {
  /** What was asked for is under way: nothing closes it before the answer is here, so no answer is missed. */
  busy?: boolean;
}

export function Modal({ busy = false, ...known }: ModalProps) {
  return busy ? <AntModal {...known} onCancel={stay} closable={{ disabled: true }} /> : <AntModal {...known} />;
}

function stay() {}
