import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { FormDialog } from "./form-dialog";

vi.mock("react-i18next", () => ({ useTranslation: () => ({ t: (key: string) => key }) }));

const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });
const pressEscape = () => fireEvent.keyDown(window, { key: "Escape" });

test("nothing closes it while it is sent, and what was typed is there when the server refuses", async () => {
  let refuse: (why: Error) => void = () => undefined;
  const close = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FormDialog
        title="New"
        submit="Make"
        failed="No."
        send={() => new Promise((_, reject) => (refuse = reject))}
        close={close}
      >
        {() => <input name="name" defaultValue="web" />}
      </FormDialog>
    </QueryClientProvider>,
  );
  fireEvent.change(screen.getByRole("textbox"), { target: { value: "shop" } });
  fireEvent.click(button("Make"));
  await vi.waitFor(() => expect(button("cancel").disabled).toBe(true));
  pressEscape();
  fireEvent.click(button("cancel"));
  fireEvent.click(button("Close"));
  expect(close).not.toHaveBeenCalled();
  refuse(new Error("It is taken."));
  expect((await screen.findByRole("alert")).textContent).toContain("It is taken.");
  expect(screen.getByRole<HTMLInputElement>("textbox").value).toBe("shop");
  pressEscape();
  expect(close).toHaveBeenCalledOnce();
});

test("it is sent once, however often it is submitted before it looks busy, and again after a refusal", async () => {
  const send = vi.fn().mockRejectedValue(new Error("It is taken."));
  const { container } = render(
    <QueryClientProvider client={new QueryClient()}>
      <FormDialog title="New" submit="Make" failed="No." send={send} close={vi.fn()}>
        {() => null}
      </FormDialog>
    </QueryClientProvider>,
  );
  const form = container.ownerDocument.forms[0] as HTMLFormElement;
  const submitTwice = () =>
    act(() => {
      form.requestSubmit();
      form.requestSubmit();
    });
  submitTwice();
  await screen.findByRole("alert");
  expect(send).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(button("cancel").disabled).toBe(false));
  submitTwice();
  await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(2));
  await vi.waitFor(() => expect(button("cancel").disabled).toBe(false));
  expect(send).toHaveBeenCalledTimes(2);
});
