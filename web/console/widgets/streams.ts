/** Lists of events: logs, traces, errors, deployments; and the funnel of sessions. */
import { get, post, type Json } from "../api";
import { field, search, type Event } from "../events";
import { fill, h } from "../../shared/dom";
import { number, percent } from "../../shared/format";
import { logsLink, traceLink } from "../links";
import { empty, moment, redraw, seconds, stateBadge, table, type Column } from "../parts";
import type { Range } from "../range";
import { bar } from "./graphs";
import type { WidgetKind } from "./widget";

const SOURCE: Record<string, string> = {
  logs_stream: "logs",
  logs_pattern_stream: "logs",
  trace_stream: "spans",
  rum_stream: "rum",
  llm_observability_stream: "llm",
  event_stream: "events",
  ci_pipeline_stream: "pipelines",
  ci_test_stream: "tests",
  audit_log_stream: "audit",
};
const MOST = 25;
const FUNNEL_PAGES = 5;

export const listStream: WidgetKind = (definition) => ({
  wide: true,
  requests: [],
  async draw(body, _, { range }) {
    const { query, columns = [] } = definition.requests[0];
    const kind: string = query.data_source;
    const names: string[] = columns.map((column: Json) => column.field);
    if (kind === "issue_stream") return redraw(body, await issues(query.query_string, range));
    if (kind === "incidents_stream") return redraw(body, await incidents());
    const source = SOURCE[kind];
    if (!source) return redraw(body, empty(`Not drawn: list of ${kind}`));
    const { events } = await search(source, query.query_string, range.start, range.end, kind === "logs_pattern_stream" ? 500 : MOST);
    redraw(body, kind === "logs_pattern_stream" ? patterns(events) : eventTable(events, names));
  },
});

/** Events with some fields as columns; the first links to what the event belongs to. */
export function eventTable(events: Event[], names: string[]): HTMLElement {
  const columns: Column<Event>[] = [
    { name: "Time", cell: (event) => eventLink(event) },
    ...names.filter((name) => !/^(timestamp|@?start)$/.test(name)).map((name) => ({ name: name.replace(/^@/, ""), kind: /message|content|resource|title/.test(name) ? "wide" : undefined, cell: (event: Event) => (/(^|\.)status$/.test(name) ? stateBadge(field(event, name)) : field(event, name)) })),
  ];
  return table("Events", columns, events, "Nothing matches in this time range.");
}

function eventLink(event: Event) {
  const trace = event.raw.attributes.trace_id ?? event.attributes.dd?.trace_id ?? event.attributes.trace_id;
  return trace ? h("a", { href: traceLink(String(trace)) }, moment(event.time)) : moment(event.time);
}

/** Log lines that differ only in numbers and ids, counted. */
function patterns(events: Event[]): HTMLElement {
  const counts = new Map<string, { pattern: string; count: number; status: string }>();
  for (const event of events) {
    const pattern = event.message.replace(/[0-9a-f]{8,}|\d+(?:\.\d+)?/gi, "*");
    const entry = counts.get(pattern) ?? { pattern, count: 0, status: event.status };
    entry.count++;
    counts.set(pattern, entry);
  }
  return table("Patterns", [
    { name: "Lines", kind: "number", cell: (row: { pattern: string; count: number; status: string }) => number(row.count) },
    { name: "Status", cell: (row) => stateBadge(row.status) },
    { name: "Pattern", kind: "wide", cell: (row) => h("a", { href: logsLink(`"${row.pattern.split("*")[0]!.trim()}"`) }, row.pattern) },
  ], [...counts.values()].sort((a, b) => b.count - a.count).slice(0, MOST), "No log line in this time range.");
}

/** The issues of Error Tracking that a search finds. */
export async function issues(query: string, range: Range): Promise<HTMLElement> {
  const attributes = { query: query || "*", from: Math.floor(range.start * 1000), to: Math.ceil(range.end * 1000), track: "trace" };
  const answers = await Promise.all(["trace", "logs", "rum"].map((track) => post("/api/v2/error-tracking/issues/search?include=issue", { data: { type: "search_request", attributes: { ...attributes, track } } })));
  const rows = answers.flatMap((answer) => answer.data.map((found: Json) => ({ ...found.attributes, ...(answer.included ?? []).find((issue: Json) => issue.id === found.relationships?.issue?.data?.id)?.attributes, id: found.id })));
  return table("Issues", [
    { name: "Error", cell: (row: Json) => h("a", { href: `/error-tracking/issue/${row.id}` }, row.error_type ?? row.id) },
    { name: "Message", kind: "wide", cell: (row) => row.error_message ?? "" },
    { name: "Service", cell: (row) => row.service ?? "" },
    { name: "Events", kind: "number", cell: (row) => number(row.total_count) },
    { name: "Last seen", cell: (row) => moment(seconds(row.last_seen)) },
  ], rows, "No issue in this time range.");
}

/** The incidents of the account, newest first. */
export async function incidents(): Promise<HTMLElement> {
  const { data } = await get("/api/v2/incidents", { "page[size]": 50 });
  return table("Incidents", [
    { name: "State", cell: (row: Json) => stateBadge(row.attributes.state ?? row.attributes.fields?.state?.value) },
    { name: "Incident", kind: "wide", cell: (row) => h("a", { href: `/incidents/${row.attributes.public_id}` }, `#${row.attributes.public_id} ${row.attributes.title}`) },
    { name: "Severity", cell: (row) => row.attributes.severity ?? row.attributes.fields?.severity?.value ?? "–" },
    { name: "Declared", cell: (row) => moment(seconds(row.attributes.created)) },
  ], [...data].reverse(), "No incident was declared.");
}

/** Sessions that reach each step in order, of the newest events. */
export const funnel: WidgetKind = (definition) => ({
  requests: [],
  async draw(body, _, { range }) {
    const { query_string, steps } = definition.requests[0].query;
    const events: Event[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < FUNNEL_PAGES; page++) {
      const found = await search("rum", query_string, range.start, range.end, 1000, cursor);
      events.push(...found.events);
      if (!(cursor = found.next)) break;
    }
    const counts = reached(events.reverse(), steps);
    const first = counts[0] ?? 0;
    fill(body, first ? h("ol", { class: "toplist" }, ...steps.map((step: Json, place: number) => h("li", {}, bar(counts[place]! / first), h("span", { class: "top-name" }, step.value), h("b", {}, `${number(counts[place])} (${percent((100 * counts[place]!) / first, 3)})`)))) : empty("No session in this time range"));
  },
});

/** How many sessions have an event of each step after those of the steps before it; the events are oldest first. */
export function reached(events: Event[], steps: { facet: string; value: string }[]): number[] {
  const progress = new Map<string, number>();
  for (const event of events) {
    const session = event.attributes.session?.id;
    const next = progress.get(session) ?? 0;
    const step = steps[next];
    if (session && step && field(event, step.facet) === step.value) progress.set(session, next + 1);
  }
  return steps.map((_, place) => [...progress.values()].filter((count) => count > place).length);
}
