/** Searches of events: logs, spans, RUM and others, each by its endpoint of the public API, in one form. */
import { post, type Json } from "./api";
import { seconds } from "./parts";

export interface Found {
  events: Event[];
  /** The cursor of the next page, or null. */
  next: string | null;
}

export interface Event {
  id: string;
  /** Epoch seconds. */
  time: number;
  status: string;
  service: string;
  message: string;
  tags: string[];
  attributes: Json;
  /** The event as the API gives it. */
  raw: Json;
}

interface Source {
  path: string;
  /** The search is inside `data.attributes`. */
  wrapped?: boolean;
  message: (attributes: Json) => string;
}

const inner = (attributes: Json): Json => attributes.attributes ?? {};

export const SOURCES: Record<string, Source> = {
  logs: { path: "/api/v2/logs/events/search", message: (each) => each.message ?? "" },
  spans: { path: "/api/v2/spans/events/search", wrapped: true, message: (each) => `${each.operation_name} ${each.resource_name}` },
  llm: { path: "/api/v2/llm-obs/v1/spans/events/search", wrapped: true, message: (each) => each.name ?? "" },
  rum: { path: "/api/v2/rum/events/search", message: (each) => rumText(inner(each)) },
  events: { path: "/api/v2/events/search", message: (each) => inner(each).title ?? each.message ?? "" },
  audit: { path: "/api/v2/audit/events/search", message: (each) => auditText(inner(each)) },
  pipelines: { path: "/api/v2/ci/pipelines/events/search", message: (each) => ciText(inner(each), "pipeline") },
  tests: { path: "/api/v2/ci/tests/events/search", message: (each) => ciText(inner(each), "test") },
};

/** The newest events of a source that match, up to `limit`. */
export async function search(source: string, query: string, from: number, to: number, limit = 50, cursor: string | null = null): Promise<Found> {
  const { path, wrapped } = SOURCES[source]!;
  const filter = { query: query || "*", from: String(Math.floor(from * 1000)), to: String(Math.ceil(to * 1000)) };
  const body = { filter, sort: "-timestamp", page: { limit, ...(cursor ? { cursor } : {}) } };
  const answer = await post(path, wrapped ? { data: { type: "search_request", attributes: body } } : body);
  return { events: answer.data.map((event: Json) => read(source, event)), next: answer.meta?.page?.after ?? null };
}

function read(source: string, event: Json): Event {
  const attributes = event.attributes;
  const own = inner(attributes);
  return {
    id: event.id,
    time: seconds(attributes.timestamp ?? attributes.start_timestamp ?? own.timestamp ?? own.date),
    status: attributes.status ?? own.status ?? own.ci?.status ?? own.test?.status ?? "",
    service: attributes.service ?? own.service ?? "",
    message: SOURCES[source]!.message(attributes),
    tags: attributes.tags ?? [],
    attributes: { ...attributes.custom, ...own },
    raw: event,
  };
}

/** The value of a column: `@http.status_code` in the attributes, `service` beside them, `env` among the tags. */
export function field(event: Event, name: string): string {
  const path = name.replace(/^@/, "").split(".");
  const within = (start: Json): Json => path.reduce((value, part) => value?.[part], start);
  const tag = event.tags.find((each) => each.startsWith(`${name.replace(/^@/, "")}:`));
  const value = within(event.attributes) ?? within(event.raw.attributes) ?? within(event.raw.attributes.meta) ?? tag?.slice(name.replace(/^@/, "").length + 1);
  if (value === undefined || value === null) return name === "content" ? event.message : "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function rumText(own: Json): string {
  const named = own[own.type] ?? {};
  return `${own.type ?? ""}: ${named.name ?? named.message ?? named.url ?? own.view?.name ?? own.event?.name ?? ""}`;
}

function auditText(own: Json): string {
  const asset = own.asset ?? {};
  return `${own.evt?.name ?? ""}: ${asset.type ?? ""} ${asset.name ?? asset.id ?? ""} ${own.action ?? ""}`;
}

function ciText(own: Json, kind: "pipeline" | "test"): string {
  return kind === "test" ? `${own.test?.suite ?? ""} ${own.test?.name ?? ""}` : `${own.ci?.pipeline?.name ?? ""} ${own.git?.branch ?? ""}`;
}
