import { MutationObserver, onlineManager } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { asApiError } from "@/api/errors";
import { openQueries } from "./queries";

afterEach(() => onlineManager.setOnline(true));

test("what is done without a network fails at once, and is not sent later", async () => {
  onlineManager.setOnline(false);
  const queries = openQueries();
  queries.mount();
  const send = vi.fn(() => Promise.reject(asApiError(new TypeError("Failed to fetch"), undefined)));
  const approving = new MutationObserver(queries, { mutationFn: send });
  await expect(approving.mutate()).rejects.toMatchObject({ code: "unreachable" });
  onlineManager.setOnline(true);
  await queries.resumePausedMutations();
  expect(send).toHaveBeenCalledTimes(1);
  queries.unmount();
});

test("what is asked without a network fails as well", async () => {
  onlineManager.setOnline(false);
  const refused = asApiError({ code: "not_found", message: "No.", details: {} }, 404);
  await expect(openQueries().fetchQuery({ queryKey: ["one"], queryFn: () => Promise.reject(refused) })).rejects.toBe(
    refused,
  );
});
