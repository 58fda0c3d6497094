import { expect, test } from "vitest";
import { size } from "./size";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [1023 * 1024, "1.0 MiB"],
  [10 * 1024 ** 2, "10 MiB"],
  [5 * 1024 ** 4, "5.0 TiB"],
])("%d bytes are %s", (bytes, said) => {
  expect(size(bytes)).toBe(said);
});
