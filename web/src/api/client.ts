import { asApiError } from "./errors";
import { client } from "./generated/client.gen";

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
let csrf = "";

/** The token of this session, for everything that changes something. It is another one after signing in. */
export function takeCsrf(token: string): void {
  csrf = token;
}

/** Same origin, the session's cookie, and every failure as an `ApiError`. Called once, before the first request. */
export function openClient(): void {
  client.setConfig({ baseUrl: window.location.origin, credentials: "same-origin" });
  client.interceptors.request.use((request) => {
    if (CHANGES.has(request.method)) request.headers.set("X-CSRFToken", csrf);
    return request;
  });
  client.interceptors.error.use((thrown, response) => asApiError(thrown, response?.status));
}
