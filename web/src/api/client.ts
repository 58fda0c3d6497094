import { asApiError } from "./errors";
import { authSessionRetrieve } from "./generated";
import { client } from "./generated/client.gen";

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const CSRF = "X-CSRFToken";
let csrf = "";

/** The token of this session, for everything that changes something. It is another one after signing in. */
export function takeCsrf(token: string): void {
  csrf = token;
}

/**
 * Same origin, the session's cookie, and every failure as an `ApiError`. `whenNobody` is called where an answer says that
 * nobody is signed in. Called once, before the first request.
 */
export function openClient(whenNobody: () => void): void {
  client.setConfig({ baseUrl: window.location.origin, credentials: "same-origin", fetch: send });
  client.interceptors.error.use((thrown, response) => {
    if (response?.status === 401) whenNobody();
    return asApiError(thrown, response?.status);
  });
}

/** With the token; with a new one, once more, where somebody has signed in in another tab and this one is of the past. */
async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  if (!CHANGES.has(request.method)) return fetch(request);
  const again = request.clone(); // a body is read once
  request.headers.set(CSRF, csrf);
  const response = await fetch(request);
  if (!(await isOfThePast(response.clone()))) return response;
  takeCsrf((await authSessionRetrieve()).data.csrf_token);
  again.headers.set(CSRF, csrf);
  return fetch(again);
}

async function isOfThePast(response: Response): Promise<boolean> {
  return response.status === 403 && (await response.text()).includes('"CSRF');
}
