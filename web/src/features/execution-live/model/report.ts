import type { ReportBody } from "@/api/generated";

export interface FailedTest {
  readonly name: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
}

export interface TestsReport {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly failing: readonly FailedTest[];
}

export interface Finding {
  readonly scanner: string;
  readonly rule: string;
  readonly severity: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly known: boolean;
}

/** What a scan said. `not_checked` names the scanners that gave no verdict, and why: never shown as clean. */
export interface ScanReport {
  readonly findings: readonly Finding[];
  readonly checked: readonly string[];
  readonly not_checked: Readonly<Record<string, string>>;
}

/** The free parts of a report, with every field that was left out because it had nothing to say. */
export function testsOf(report: ReportBody): TestsReport | null {
  if (report.tests === null) return null;
  const none = { total: 0, passed: 0, failed: 0, errors: 0, skipped: 0, seconds: 0, failing: [] };
  const said = { ...none, ...(report.tests as Partial<TestsReport>) };
  return { ...said, failing: said.failing.map((one) => ({ ...{ name: "", message: "", file: "", line: 0 }, ...one })) };
}

/** Covered lines in per cent, or null. */
export function coverageOf(report: ReportBody): number | null {
  const { lines_covered, lines_valid } = (report.coverage ?? {}) as Record<string, unknown>;
  if (typeof lines_covered !== "number" || typeof lines_valid !== "number" || lines_valid === 0) return null;
  return (100 * lines_covered) / lines_valid;
}

export function scanOf(report: ReportBody): ScanReport | null {
  if (report.scan === null) return null;
  const said = { findings: [], checked: [], not_checked: {}, ...(report.scan as Partial<ScanReport>) };
  const none = { scanner: "", rule: "", severity: "", message: "", file: "", line: 0, known: false };
  return { ...said, findings: said.findings.map((one) => ({ ...none, ...one })) };
}

/** `src/shop.py:12`, or as much of it as is known. */
export function placeOf({ file, line }: { file: string; line: number }): string {
  return line > 0 ? `${file}:${line}` : file;
}
