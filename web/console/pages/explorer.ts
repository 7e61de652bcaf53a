/** Explorers of events: a search, a count over time, and a list whose rows open. Logs, traces, LLM spans, RUM, audit, CI. */
import { get, post, type Json } from "../api";
import { field, search, type Event } from "../events";
import { Chart } from "../../shared/chart";
import { fill, h, type Child } from "../../shared/dom";
import { duration, number } from "../../shared/format";
import { logsLink, traceLink } from "../links";
import { empty, heading, moment, properties, seconds, section, stateBadge, table, tags } from "../parts";
import { replayLink } from "./replay";
import { withRange } from "../range";
import type { Page } from "../router";
import { bar } from "../widgets/graphs";

const PAGE = 50;
const STATUS_COLOUR: Record<string, string> = { error: "alert", critical: "alert", emergency: "alert", warn: "warn", warning: "warn", info: "series-2", ok: "series-2" };

interface Explorer {
  title: string;
  source: string;
  /** The data source of the count over time, where the evaluator has it. */
  counted?: string;
  /** A search that every view of this explorer adds. */
  always?: string;
  example: string;
  usual?: string;
  columns: [string, (event: Event) => Child][];
  links: (event: Event) => [string, string][];
}

function explorer(kind: Explorer): Page {
  return async ({ root, query, range, title, go }) => {
    title(kind.title);
    const text = query.get("query") ?? "";
    const wanted = [text, kind.always].filter(Boolean).join(" ");
    const input = h("input", { type: "search", value: text, placeholder: kind.example, "aria-label": `Search ${kind.title.toLowerCase()}` });
    const form = h("form", { class: "search", onsubmit: (event) => { event.preventDefault(); go(address(input.value)); } }, input, h("button", {}, "Search"));
    const list = h("div", { class: "events" });
    const plot = h("div", { class: "card" });
    const groups = h("div");
    const facet = query.get("agg_q");
    const more = h("button", { hidden: true }, "Show older");
    root.append(heading(kind.title), form, plot, groups, list, more);
    let chart: Chart | null = null;
    let cursor: string | null = null;
    let newest = "";

    const draw = async (): Promise<void> => {
      const now = range(kind.usual);
      if (list.querySelector("details[open]") && newest) return; // a person reads: do not move what they read
      const [found, counts] = await Promise.all([search(kind.source, wanted, now.start, now.end, PAGE), kind.counted ? count(kind.counted, wanted, now) : null]);
      if (counts) {
        const data = { ...counts, from: now.start, to: now.end };
        if (chart) chart.update(data);
        else chart = new Chart(plot, data, { label: `${kind.title} over time`, display: "bars", height: 110, legend: true, onselect: (from, to) => go(withRange(new URL(location.href), from, to)) });
      } else plot.hidden = true;
      if (facet && kind.counted) fill(groups, section(`Most frequent ${facet}`, await frequent(kind.counted, wanted, facet, now)));
      newest = found.events[0]?.id ?? "";
      cursor = found.next;
      more.hidden = !cursor;
      fill(list, found.events.length ? found.events.map((event) => row(kind, event)) : empty("Nothing matches in this time range."));
    };
    more.addEventListener("click", async () => {
      const now = range(kind.usual);
      const found = await search(kind.source, wanted, now.start, now.end, PAGE, cursor);
      cursor = found.next;
      more.hidden = !cursor;
      list.append(...found.events.map((event) => row(kind, event)));
    });
    await draw();
    return draw;
  };
}

function address(text: string): string {
  const next = new URL(location.href);
  next.searchParams.set("query", text);
  return next.pathname + next.search;
}

/** Counts of the matching events by status, in bars. */
async function count(source: string, query: string, range: { start: number; end: number }) {
  const graph = { id: "count", kind: "timeseries", points: 120, formulas: ["count"], queries: [{ name: "count", data_source: source, search: { query: query || "*" }, compute: { aggregation: "count" }, group_by: [{ facet: "status", limit: 5 }] }] };
  const { count: answer } = await post("/-/console/graphs", { start: range.start, end: range.end, graphs: [graph] });
  const times = Array.from({ length: answer.length ?? 0 }, (_, place) => answer.start + place * answer.seconds);
  return { times, lines: (answer.series ?? []).map((series: Json) => ({ label: series.group.status ?? "all", values: series.values, colour: STATUS_COLOUR[series.group.status] })) };
}

/** The values of a facet by the number of their events, as links of messages ask for (`agg_q=@error.kind`). */
async function frequent(source: string, query: string, facet: string, range: { start: number; end: number }): Promise<HTMLElement> {
  const graph = { id: "top", kind: "scalar", formulas: ["count"], queries: [{ name: "count", data_source: source, search: { query: query || "*" }, compute: { aggregation: "count" }, group_by: [{ facet, limit: 10 }] }] };
  const { top } = await post("/-/console/graphs", { start: range.start, end: range.end, graphs: [graph] });
  const rows: Json[] = top.series ?? [];
  if (!rows.length) return empty(top.error ?? `No matching event has ${facet}.`);
  return h("ol", { class: "toplist" }, ...rows.map((row) => h("li", {}, bar(row.values[0] / rows[0].values[0]), h("span", { class: "top-name" }, Object.values<string>(row.group).join(", ")), h("b", {}, number(row.values[0])))));
}

function row(kind: Explorer, event: Event): HTMLElement {
  const body = h("div", { class: "event-body" });
  const details = h(
    "details",
    { class: "event" },
    h("summary", {}, h("span", { class: "event-time" }, moment(event.time)), event.status ? stateBadge(event.status) : null, ...kind.columns.map(([name, cell]) => h("span", { class: `event-cell event-${name}` }, cell(event)))),
    body,
  );
  details.addEventListener("toggle", () => details.open && fill(body, ...eventBody(kind, event)));
  return details;
}

function eventBody(kind: Explorer, event: Event): HTMLElement[] {
  const links = kind.links(event);
  return [
    h("p", {}, event.message),
    links.length ? h("p", {}, ...links.flatMap(([name, href], place) => [place ? " · " : null, h("a", { href }, name)])) : h("p"),
    properties([["Service", event.service || "–"], ["Tags", tags(event.tags)]]),
    h("pre", { tabindex: 0 }, JSON.stringify(event.raw.attributes, null, 2)),
  ];
}

const traceOf = (event: Event): string => String(event.raw.attributes.trace_id ?? event.attributes.dd?.trace_id ?? "");
const toTrace = (event: Event): [string, string][] => (traceOf(event) ? [["Open the trace", traceLink(traceOf(event))]] : []);
const toLogs = (event: Event): [string, string][] => (traceOf(event) ? [["Logs of the trace", logsLink(`trace_id:${traceOf(event)}`)]] : []);
const nanoseconds = (value: Json): string => duration(Number(value) / 1e9);

export const logs = explorer({
  title: "Logs",
  source: "logs",
  counted: "logs",
  example: "service:llm-api status:error @outcome:throttled",
  columns: [["service", (event) => event.service], ["message", (event) => event.message]],
  links: toTrace,
});

export const traces = explorer({
  title: "Traces",
  source: "spans",
  counted: "spans",
  example: "service:llm-api status:error resource_name:*chat*",
  columns: [
    ["service", (event) => event.service],
    ["message", (event) => event.message],
    ["number", (event) => nanoseconds(event.raw.attributes.attributes?.duration)],
  ],
  links: (event) => [...toTrace(event), ...toLogs(event)],
});

export const llmTraces = explorer({
  title: "LLM spans",
  source: "llm",
  counted: "llm_observability",
  example: "@ml_app:llm-api status:error",
  columns: [
    ["service", (event) => field(event, "span.kind") || event.service],
    ["message", (event) => `${event.message} ${field(event, "@meta.model_name") || event.raw.attributes.meta?.model_name || ""}`],
    ["number", (event) => `${event.raw.attributes.metrics?.total_tokens ?? 0} tokens`],
    ["number", (event) => nanoseconds(event.raw.attributes.duration)],
  ],
  links: (event) => (event.raw.attributes.span_id ? [["Open the trace", traceLink(`span:${event.raw.attributes.span_id}`)]] : []),
});

const rumExplorer = explorer({
  title: "RUM sessions",
  source: "rum",
  counted: "rum",
  always: "-@type:server",
  example: "@type:error @view.name:/",
  usual: "4h",
  columns: [
    ["service", (event) => field(event, "@session.id").slice(0, 8)],
    ["message", (event) => event.message],
  ],
  links: (event) => [["The whole session", `/rum/sessions?query=${encodeURIComponent(`@session.id:${field(event, "@session.id")}`)}`], ...(field(event, "@_dd.trace_id") ? ([["Open the trace", traceLink(field(event, "@_dd.trace_id"))]] as [string, string][]) : [])],
});

/** The events of browsers, with the replays that they sent. */
export const rumEvents: Page = async (context) => {
  const refresh = await rumExplorer(context);
  const replays: Json[] = await get("/-/replays");
  const total = (counts: Record<string, number>): string => Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(", ");
  context.root.append(section("Session replays", table("Session replays", [
    { name: "Started", cell: (row: Json) => moment(seconds(row.start)) },
    { name: "Session", cell: (row) => h("a", { href: `/rum/sessions?query=${encodeURIComponent(`@session.id:${row.session}`)}` }, row.session) },
    { name: "Length", cell: (row) => duration((row.end - row.start) / 1000) },
    { name: "Replay", cell: (row) => h("a", { href: replayLink(row.session) }, "Play") },
    { name: "Records", kind: "wide", cell: (row) => total(row.counts) },
  ], replays, "No browser sent a replay.")));
  return refresh;
};

export const audit = explorer({
  title: "Audit trail",
  source: "audit",
  example: "@evt.name:Monitor @action:modified",
  usual: "1d",
  columns: [["service", (event) => field(event, "@usr.name") || field(event, "@usr.email")], ["message", (event) => event.message]],
  links: (event) => (event.attributes.asset?.type === "monitor" ? [["Open the monitor", `/monitors/${event.attributes.asset.id}`]] : []),
});
