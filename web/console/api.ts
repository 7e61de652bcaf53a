/** The sandbox's Datadog API, with the keys that this server gives to its own pages. */

export type Json = any; // eslint-disable-line -- answers of the API have the form that its documentation says

const keys: Promise<Record<string, string>> = fetch("/-/console/keys").then((response) => response.json());

/** An answer with a status of 400 or more. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function call(path: string, init: RequestInit): Promise<Json> {
  const own = path.startsWith("/-/");
  const headers = { "Content-Type": "application/json", ...(own ? {} : await keys) };
  const response = await fetch(path, { ...init, headers });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, errorText(body) || `${path} answered ${response.status}`);
  return body;
}

function errorText(body: Json): string {
  const errors: Json[] = body?.errors ?? [];
  return errors.map((error) => (typeof error === "string" ? error : (error.detail ?? error.title ?? ""))).join("; ");
}

/** GET a path, with a query. */
export function get(path: string, query: Record<string, string | number> = {}): Promise<Json> {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  return call(text ? `${path}?${text}` : path, { method: "GET" });
}

/** POST a body as JSON. */
export function post(path: string, body: Json): Promise<Json> {
  return call(path, { method: "POST", body: JSON.stringify(body) });
}
