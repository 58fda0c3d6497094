import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useSeldom } from "./use-seldom";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a first change is shown at once, those that follow together when the pause is over", () => {
  const { result, rerender } = renderHook(({ value }) => useSeldom(value, 1_000), { initialProps: { value: 1 } });
  rerender({ value: 2 });
  expect(result.current).toBe(2);
  rerender({ value: 3 });
  act(() => vi.advanceTimersByTime(900));
  rerender({ value: 4 });
  expect(result.current).toBe(2);
  act(() => vi.advanceTimersByTime(100));
  expect(result.current).toBe(4);
});

test("what has come back to what is shown changes nothing", () => {
  const { result, rerender } = renderHook(({ value }) => useSeldom(value, 1_000), { initialProps: { value: 1 } });
  rerender({ value: 2 });
  rerender({ value: 3 });
  rerender({ value: 2 });
  act(() => vi.advanceTimersByTime(5_000));
  expect(result.current).toBe(2);
});

test("a clock that is set back holds nothing up", () => {
  const { result, rerender } = renderHook(({ value }) => useSeldom(value, 1_000), { initialProps: { value: 1 } });
  rerender({ value: 2 });
  vi.setSystemTime(Date.now() - 3_600_000);
  rerender({ value: 3 });
  act(() => vi.advanceTimersByTime(1_000));
  expect(result.current).toBe(3);
});
