import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { useSending } from "./use-sending";

function sending(send: (what: string) => Promise<unknown>) {
  const queries = new QueryClient();
  return renderHook(() => useSending({ mutationFn: send }), {
    wrapper: ({ children }) => <QueryClientProvider client={queries}>{children}</QueryClientProvider>,
  }).result;
}

test("what is asked for again before the answer is here is not sent", async () => {
  const send = vi.fn().mockResolvedValue("done");
  const it = sending(send);
  act(() => {
    it.current.mutate("one");
    it.current.mutate("one");
  });
  await vi.waitFor(() => expect(it.current.isSuccess).toBe(true));
  expect(send).toHaveBeenCalledTimes(1);
  await act(async () => it.current.mutate("two"));
  expect(send).toHaveBeenCalledTimes(2);
});

test("what is changed while it is under way is sent, too", async () => {
  const send = vi.fn((_what: string) => new Promise(() => undefined));
  const it = sending(send);
  await act(async () => it.current.mutate("one"));
  act(() => it.current.reset());
  await act(async () => it.current.mutate("two"));
  expect(send.mock.calls.map(([what]) => what)).toEqual(["one", "two"]);
});
