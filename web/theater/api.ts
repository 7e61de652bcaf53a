/** Calls of the service. A failed one throws the problem document's title with the problem attached. */
import { sessionId } from "./rum";

const TOKEN = "operator-token";

export class CallFailed extends Error {
  constructor(
    title: string,
    readonly problem: { status: number; outcome?: string; trace_id?: string },
    readonly detail: string,
  ) {
    super(title);
    this.name = "ChatFailed";
  }
}

/** The operator's token for this tab, where the deployment asks for one. */
export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

/** The headers of a chat. */
export function chatHeaders(): Record<string, string> {
  const session = sessionId();
  return { "Content-Type": "application/json", "X-Feature": "chat_page", ...(session ? { "X-Session-Id": session } : {}) };
}

/** Make a problem document an error. */
export function failed(problem: Record<string, unknown>): CallFailed {
  const { title, status, outcome, trace_id, detail } = problem as Record<string, string> & { status: number };
  return new CallFailed(title ?? "The service failed", { status: Number(status), outcome, trace_id }, detail ?? "");
}

/** Call a route of the theater, with the operator's token if there is one. */
export async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const token = sessionStorage.getItem(TOKEN);
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (!response.ok) throw failed(await response.json());
  return (await response.json()) as Answer;
}
