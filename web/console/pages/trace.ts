/** A trace as a flame graph: spans below their parents, with the LLM spans' tokens, and its log lines. */
import { search, type Event } from "../events";
import { fill, h, style } from "../../shared/dom";
import { duration } from "../../shared/format";
import { logsLink } from "../links";
import { empty, heading, moment, properties, section, stateBadge, tags } from "../parts";
import type { Page } from "../router";
import type { Json } from "../api";

const EVER = 35 * 86400;
const ROW = 26;
const COLOURS = 8;

export interface Span {
  id: string;
  parent: string;
  service: string;
  name: string;
  resource: string;
  error: boolean;
  start: number;
  seconds: number;
  event: Event;
  llm: Json | null;
}

interface Placed extends Span {
  depth: number;
}

function span(event: Event, llm: Map<string, Json>): Span {
  const raw = event.raw.attributes;
  return {
    id: raw.span_id,
    parent: raw.parent_id,
    service: event.service,
    name: raw.operation_name,
    resource: raw.resource_name,
    error: raw.status === "error",
    start: event.time,
    seconds: (raw.custom?.duration ?? raw.attributes?.duration ?? 0) / 1e9,
    event,
    llm: llm.get(raw.span_id) ?? null,
  };
}

/** The spans in the order of their tree, each one level below its parent. */
export function arrange(spans: Span[]): Placed[] {
  const known = new Set(spans.map((each) => each.id));
  const below = (parent: Span | null, depth: number): Placed[] =>
    spans
      .filter((each) => (parent ? each.parent === parent.id : !known.has(each.parent)))
      .sort((a, b) => a.start - b.start)
      .flatMap((each) => [{ ...each, depth }, ...below(each, depth + 1)]);
  return below(null, 0);
}

/** Rows of the flame graph: a span goes below its parent, beside what ended before it. */
function rows(placed: Placed[]): Map<string, number> {
  const ends: number[] = [];
  const result = new Map<string, number>();
  for (const each of placed) {
    let row = each.depth;
    while ((ends[row] ?? 0) > each.start + 1e-6) row++;
    ends[row] = each.start + each.seconds;
    result.set(each.id, row);
  }
  return result;
}

export const trace: Page = async ({ root, params, title }) => {
  title("Trace");
  const now = Date.now() / 1000;
  const id = await traceId(params[0]!, now);
  const found = await search("spans", `trace_id:${id}`, now - EVER, now + 60, 1000);
  const first = Math.min(...found.events.map((event) => event.time));
  root.append(heading(`Trace ${id}`));
  if (!found.events.length) {
    root.append(empty("No span of this trace is kept: the sandbox keeps spans for 3 days."));
    return;
  }
  const [llm, lines] = await Promise.all([llmSpans(first, now), search("logs", `trace_id:${id}`, first - 60, now + 60, 200)]);
  const placed = arrange(found.events.map((event) => span(event, llm)));
  const end = Math.max(...placed.map((each) => each.start + each.seconds));
  const chosen = h("div", { "aria-live": "polite" });
  const choose = (each: Span): void => fill(chosen, ...details(each));
  root.append(
    properties([
      ["Started", moment(first)],
      ["Duration", duration(end - first)],
      ["Spans", `${placed.length}, ${placed.filter((each) => each.error).length} with errors`],
      ["Services", [...new Set(placed.map((each) => each.service))].join(", ")],
    ]),
    section("Flame graph", flame(placed, first, end, choose)),
    section("Span", chosen),
    section("Log lines", lines.events.length ? h("ul", { class: "plain" }, ...lines.events.reverse().map((event) => h("li", {}, moment(event.time), " ", stateBadge(event.status), ` ${event.message}`))) : empty("No log line names this trace."), h("p", {}, h("a", { href: logsLink(`trace_id:${id}`) }, "Search its logs"))),
  );
  choose(placed.filter((each) => each.error).at(-1) ?? placed.filter((each) => each.llm).at(-1) ?? placed[0]!);
};

/** The id of a trace, from that of one of its spans where the address has one (`span:ID`). */
async function traceId(text: string, now: number): Promise<string> {
  if (!text.startsWith("span:")) return text;
  const found = await search("spans", `span_id:${text.slice(5)}`, now - EVER, now + 60, 1);
  return found.events[0]?.raw.attributes.trace_id ?? text.slice(5);
}

/** The LLM Observability spans around a time, by span id: they have the same span ids, but ids of traces of their own. */
async function llmSpans(start: number, now: number): Promise<Map<string, Json>> {
  const found = await search("llm", "*", start - 5, Math.min(now, start + 600), 1000).catch(() => ({ events: [] as Event[] }));
  return new Map(found.events.map((event) => [event.raw.attributes.span_id, event.raw.attributes]));
}

function flame(placed: Placed[], start: number, end: number, choose: (span: Span) => void): HTMLElement {
  const total = Math.max(end - start, 1e-6);
  const services = [...new Set(placed.map((each) => each.service))];
  const row = rows(placed);
  const bars = placed.map((each) => {
    const label = `${each.service}: ${each.name} ${each.resource}, ${duration(each.seconds)}${each.error ? ", error" : ""}`;
    const button = h("button", { class: `span${each.error ? " span-error" : ""}${each.llm ? " span-llm" : ""}`, title: label, "aria-label": label, onclick: () => choose(each) }, `${each.llm ? "LLM " : ""}${each.resource} ${duration(each.seconds)}`);
    return style(button, {
      left: `${(100 * (each.start - start)) / total}%`,
      width: `max(3px, ${(100 * each.seconds) / total}%)`,
      top: `${row.get(each.id)! * ROW}px`,
      "border-left-color": `var(--series-${(services.indexOf(each.service) % COLOURS) + 1})`,
    });
  });
  const height = (Math.max(...row.values()) + 1) * ROW;
  return h("div", {},
    h("p", { class: "axis muted", "aria-hidden": "true" }, ...[0, 0.25, 0.5, 0.75, 1].map((share) => h("span", {}, duration(total * share)))),
    style(h("div", { class: "flame" }, ...bars), { height: `${height}px` }),
    h("ul", { class: "chart-legend" }, ...services.map((service, place) => h("li", {}, style(h("span", { class: "chart-key" }), { background: `var(--series-${(place % COLOURS) + 1})` }), service))),
  );
}

function details(each: Span): HTMLElement[] {
  const llm = each.llm;
  const usage = llm?.metrics ?? {};
  return [
    h("h3", {}, `${each.name} ${each.resource}`),
    properties([
      ["Service", each.service],
      ["Status", stateBadge(each.error ? "error" : "ok")],
      ["Duration", duration(each.seconds)],
      ...(llm ? ([
        ["Model", `${llm.meta?.model_provider ?? ""} ${llm.meta?.model_name ?? ""}`],
        ["Tokens", `${usage.input_tokens ?? 0} in, ${usage.output_tokens ?? 0} out, ${usage.reasoning_output_tokens ?? 0} for reasoning`],
        ["Prompt", JSON.stringify(llm.meta?.input ?? {})],
        ["Answer", JSON.stringify(llm.meta?.output ?? {})],
      ] as [string, string][]) : []),
      ["Tags", tags(each.event.tags)],
    ]),
    h("pre", { tabindex: 0 }, JSON.stringify(each.event.raw.attributes.custom ?? {}, null, 2)),
  ];
}
