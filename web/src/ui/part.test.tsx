import { fireEvent, render, screen } from "@testing-library/react";
import { Component, type ComponentType, type ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { part } from "./part";

vi.mock("react-i18next", () => ({ useTranslation: () => ({ t: (key: string) => key }) }));

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // React tells what was caught
});
afterEach(() => vi.restoreAllMocks());

const Greeting = ({ name }: { name: string }) => <p>Hello {name}</p>;

test("a part that is not fetched leaves the page around it, and comes when it is tried again", async () => {
  const load = vi
    .fn<() => Promise<ComponentType<{ name: string }>>>()
    .mockRejectedValueOnce(new TypeError("Failed to fetch dynamically imported module"))
    .mockResolvedValue(Greeting);
  const Shown = part(load);
  render(
    <>
      <textarea defaultValue="typed" />
      <Shown name="Ada" />
    </>,
  );
  expect((await screen.findByRole("alert")).textContent).toContain("error.part");
  expect(screen.getByDisplayValue("typed")).toBeTruthy();
  fireEvent.click(screen.getByText("error.again"));
  expect(await screen.findByText("Hello Ada")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
  expect(load).toHaveBeenCalledTimes(2);
});

function Falling(): never {
  throw new TypeError("x is undefined");
}

class Net extends Component<{ children: ReactNode }, { message: string }> {
  override state = { message: "" };

  static getDerivedStateFromError({ message }: Error) {
    return { message };
  }

  override render() {
    return this.state.message || this.props.children;
  }
}

test("a part that falls while it is drawn is not called one that was not fetched", async () => {
  const Shown = part(async () => Falling);
  render(
    <Net>
      <Shown />
    </Net>,
  );
  expect(await screen.findByText("x is undefined")).toBeTruthy();
});
