import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const SMALLEST = 1024; // bytes below which compressing saves nothing

/** Puts a `.br` and a `.gz` beside each text file of the build, so that the server never compresses. */
export function compressed(): Plugin {
  return {
    name: "ansflow-compressed",
    apply: "build",
    // Not in generateBundle: Vite itself still writes into the files there.
    async writeBundle({ dir = "" }, bundle) {
      const texts = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css|svg)$/.test(name));
      await Promise.all(texts.map((name) => pack(join(dir, name))));
    },
  };
}

async function pack(file: string): Promise<void> {
  const text = await readFile(file);
  if (text.length < SMALLEST) return;
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(text, options));
  await writeFile(`${file}.gz`, await promisify(gzip)(text, { level: 9 }));
}
