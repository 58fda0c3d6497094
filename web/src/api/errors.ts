import type { Error as ErrorBody } from "./generated";

/** What the API said no with: `message` for people, `code` for programs, `details` by field. Status 0: it was not reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.status = status;
    this.code = body.code;
    this.details = body.details;
  }

  /** What is wrong with one field, "" when nothing is. */
  of(field: string): string {
    const said = this.details[field];
    if (typeof said === "string") return said;
    if (!Array.isArray(said)) return "";
    return said.map((one) => (isMessage(one) ? one.message : String(one))).join(" ");
  }
}

export function asApiError(thrown: unknown, status: number | undefined): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isBody(thrown)) return new ApiError(status ?? 0, thrown);
  const code = status === undefined ? "unreachable" : "unexpected";
  const message = thrown instanceof Error ? thrown.message : "";
  return new ApiError(status ?? 0, { code, message, details: {} });
}

/** What browsers say, each in its own words, when a part of the app could not be fetched. */
const NOT_FETCHED = /^(Failed to fetch|error loading) dynamically imported module|^Importing a module script failed/;

/** What a page fell over: a no of the API, a server that was out of reach, or, with the code "fault", the page itself. */
export function asCrash(thrown: unknown): { code: string; message: string } {
  if (thrown instanceof ApiError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: NOT_FETCHED.test(message) ? "unreachable" : "fault", message };
}

function isBody(thrown: unknown): thrown is ErrorBody {
  return (
    typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown && "details" in thrown
  );
}

function isMessage(one: unknown): one is { message: string } {
  return typeof one === "object" && one !== null && "message" in one && typeof one.message === "string";
}
