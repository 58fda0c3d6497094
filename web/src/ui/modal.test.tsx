import { fireEvent, render, screen } from "@testing-library/react";
import { type ComponentType, useState } from "react";
import { expect, test, vi } from "vitest";
import { Button } from "./button";
import { Input } from "./input";
import { Modal } from "./modal";

const pressEscape = () => fireEvent.keyDown(window, { key: "Escape" });

interface Closed {
  close: () => void;
}

function Page({ dialog: Dialog }: { dialog: ComponentType<Closed> }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setIsOpen(true)}>
        Open
      </button>
      {isOpen && <Dialog close={() => setIsOpen(false)} />}
    </>
  );
}

function opened(dialog: ComponentType<Closed>) {
  render(<Page dialog={dialog} />);
  const opens = screen.getByRole("button", { name: "Open" });
  opens.focus();
  fireEvent.click(opens);
  return opens;
}

function Loading({ close }: Closed) {
  const [isHere, setIsHere] = useState(false);
  return isHere ? (
    <Modal key="here" open title="Here" footer={null} onCancel={close}>
      <Button autoFocus>Last</Button>
    </Modal>
  ) : (
    <Modal key="coming" open title="Coming" footer={null} onCancel={close}>
      <Button autoFocus onClick={() => setIsHere(true)}>
        Next
      </Button>
    </Modal>
  );
}

function Both({ isFirst, isSecond }: { isFirst: boolean; isSecond: boolean }) {
  return (
    <>
      <Button>Opens</Button>
      {isFirst && <Modal open title="First" footer={<Button autoFocus>One</Button>} />}
      {isSecond && <Modal open title="Second" footer={<Button autoFocus>Two</Button>} />}
    </>
  );
}

test("focus goes back also from a dialog that came before another one had gone", async () => {
  const { rerender } = render(<Both isFirst={false} isSecond={false} />);
  const opens = screen.getByRole("button", { name: "Opens" });
  opens.focus();
  rerender(<Both isFirst isSecond={false} />);
  rerender(<Both isFirst isSecond />);
  rerender(<Both isFirst={false} isSecond />);
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Two" }));
  rerender(<Both isFirst={false} isSecond={false} />);
  expect(document.activeElement).toBe(opens);
});

test("focus goes back to what had it, also where the dialog takes it for a field of its own", async () => {
  const opens = opened(({ close }) => (
    <Modal open title="New" footer={null} onCancel={close}>
      <Input autoFocus />
    </Modal>
  ));
  await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByRole("textbox")));
  pressEscape();
  await vi.waitFor(() => expect(document.activeElement).toBe(opens));
});

test("focus goes back also from a dialog that took the place of another one", async () => {
  const opens = opened(Loading);
  const next = await screen.findByRole("button", { name: "Next" });
  await vi.waitFor(() => expect(document.activeElement).toBe(next));
  fireEvent.click(next);
  const last = await screen.findByRole("button", { name: "Last" });
  await vi.waitFor(() => expect(document.activeElement).toBe(last));
  pressEscape();
  await vi.waitFor(() => expect(document.activeElement).toBe(opens));
});

test("one that goes while something else has focus leaves it there", () => {
  const { rerender } = render(<Modal key="over" open title="Over" footer={null} />);
  rerender(<Input key="next" autoFocus />);
  expect(document.activeElement).toBe(screen.getByRole("textbox"));
});

test("what stays is closed by no accident, and what is busy by nothing until it has its answer", () => {
  const close = vi.fn();
  const { rerender } = render(<Modal open title="Code" footer={null} onCancel={close} stays />);
  pressEscape();
  fireEvent.mouseDown(mask());
  fireEvent.click(mask());
  expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
  rerender(<Modal open title="Code" footer={null} onCancel={close} busy />);
  pressEscape();
  fireEvent.mouseDown(mask());
  fireEvent.click(mask());
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Close" }).disabled).toBe(true);
  expect(close).not.toHaveBeenCalled();
  rerender(<Modal open title="Code" footer={null} onCancel={close} />);
  pressEscape();
  expect(close).toHaveBeenCalledOnce();
});

function mask(): Element {
  const around = screen.getByRole("dialog").parentElement;
  if (around === null) throw new Error("The dialog stands nowhere.");
  return around;
}
