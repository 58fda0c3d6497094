import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, act as inOneTick, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import AskDialog from "./ask-dialog";

vi.mock("react-i18next", () => ({ useTranslation: () => ({ t: (key: string) => key }) }));

function ask(act: () => Promise<unknown>) {
  const close = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <AskDialog
        title="Cancel it?"
        says="It ends."
        does="Cancel it"
        keeps="Keep it"
        failed="No."
        act={act}
        close={close}
      />
    </QueryClientProvider>,
  );
  return close;
}

const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });
const pressEscape = () => fireEvent.keyDown(window, { key: "Escape" });

test("nothing closes it while its deed is under way, so what is refused is said", async () => {
  let refuse: (why: Error) => void = () => undefined;
  const close = ask(() => new Promise((_, reject) => (refuse = reject)));
  fireEvent.click(button("Cancel it"));
  await vi.waitFor(() => expect(button("Keep it").disabled).toBe(true));
  pressEscape();
  fireEvent.click(button("Keep it"));
  fireEvent.click(button("Close"));
  expect(close).not.toHaveBeenCalled();
  refuse(new Error("It has ended."));
  expect((await screen.findByRole("alert")).textContent).toContain("It has ended.");
  pressEscape();
  expect(close).toHaveBeenCalledOnce();
});

test("its deed is done once, however fast it is clicked", async () => {
  const act = vi.fn(() => new Promise<void>(() => undefined));
  ask(act);
  inOneTick(() => {
    button("Cancel it").click();
    button("Cancel it").click();
  });
  await vi.waitFor(() => expect(button("Keep it").disabled).toBe(true));
  expect(act).toHaveBeenCalledOnce();
});
