import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
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
