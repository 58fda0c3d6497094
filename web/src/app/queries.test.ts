import { MutationObserver, onlineManager } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { asApiError } from "@/api/errors";
import { openQueries } from "./queries";

afterEach(() => onlineManager.setOnline(true));

test("what is done without a network fails at once, and is not sent later", async () => {
  onlineManager.setOnline(false);
  const queries = openQueries(() => undefined);
  queries.mount();
  const send = vi.fn(() => Promise.reject(asApiError(new TypeError("Failed to fetch"), undefined)));
  const approving = new MutationObserver(queries, { mutationFn: send });
  await expect(approving.mutate()).rejects.toMatchObject({ code: "unreachable" });
  onlineManager.setOnline(true);
  await queries.resumePausedMutations();
  expect(send).toHaveBeenCalledTimes(1);
  queries.unmount();
});

test("what is asked without a network fails as well, and is told", async () => {
  onlineManager.setOnline(false);
  const told = vi.fn();
  const refused = asApiError({ code: "not_found", message: "No.", details: {} }, 404);
  await expect(
    openQueries(told).fetchQuery({ queryKey: ["one"], queryFn: () => Promise.reject(refused) }),
  ).rejects.toBe(refused);
  expect(told.mock.lastCall?.[0]).toBe(refused);
});
