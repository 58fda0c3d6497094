import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { Sentences, type Table } from "./sentence-table";
import { speakSentences, translated } from "./sentences";
import { inChinese } from "./sentences-zh";

const read = (path: string) => JSON.parse(readFileSync(path, "utf-8"));
const TABLE = read("../ansflow/cli/locales/sentences.zh.json") as Table; // vitest runs in web/
/** What the command line says: tests/cli/test_sentences.py reads the same file. */
const SAID = read("../contract/sentences.json") as Record<string, string>;

afterEach(() => speakSentences(null));

test("every sentence of the contract is said as the command line says it", () => {
  const chinese = new Sentences(TABLE);
  const said = Object.fromEntries(Object.keys(SAID).map((english) => [english, chinese.translated(english)]));
  expect(said).toEqual(SAID);
  expect(Object.keys(SAID).length).toBeGreaterThan(900);
});

test.each([
  ["Skipped: needs unit, which failed with exit code 2.", "已跳过：依赖 unit，而它以退出码 2 失败。"],
  ["Killed by SIGKILL (out of memory?).", "被 SIGKILL（内存不足？） 终止。"],
  ["ship does not wait for an answer: it is approved.", "ship 不在等待答复：它的状态为“已批准”。"],
  ["Unknown key 'x'. Did you mean 'y'?", "未知的键 'x'。是不是 'y'？"],
  ["No file matched the artifacts nothing.", "没有文件匹配制品 nothing。"],
  [
    "Its files did not go on to other machines: The workspace has more than 500000 files, so it cannot follow its execution to other machines.",
    "其文件没有传到其他机器：工作区的文件超过 500000 个，无法随执行转到其他机器。",
  ],
  [
    "Its files did not go on to other machines: The workspace has more cats, or dogs in one more than 2 deep: go to sleep.",
    "其文件没有传到其他机器：The workspace has more cats, or dogs in one more than 2 deep: go to sleep。",
  ],
  ["A stranger's sentence.", "A stranger's sentence."],
  ["", ""],
])("%s", (english, chinese) => expect(new Sentences(TABLE).translated(english)).toBe(chinese));

test.each(["{}", "{x}", "$& $1", "Unknown key '{reason}'.", "\\g<0>", "a".repeat(5000)])("%s breaks nothing", (text) =>
  expect(new Sentences(TABLE).translated(text)).not.toBe(""),
);

test("a sentence that somebody has made to be looked at for long is not", () => {
  const hostile = `x is false: ${" is , is".repeat(20_000)}.`;
  const began = performance.now();
  expect(new Sentences(TABLE).translated(hostile)).toBe(hostile);
  expect(performance.now() - began).toBeLessThan(2_000);
});

test("on an English page nothing is touched", () => {
  expect(translated("Exited with code 3.")).toBe("Exited with code 3.");
  speakSentences(inChinese);
  expect(translated("Exited with code 3.")).toBe("退出码 3。");
});
