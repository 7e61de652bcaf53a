/** Widgets of formulas: time series, values, lists and tables. */
import type { Json } from "../api";
import { Chart, type ChartData, type Display, type Threshold } from "../../shared/chart";
import { fill, h, style } from "../../shared/dom";
import { number, percent } from "../../shared/format";
import { empty, redraw, table } from "../parts";
import { formulaNames, groupName, type Graph, type GraphRequest, type WidgetKind } from "./widget";

const BARS = 120;
const DISPLAY: Record<string, Display> = { bars: "bars", area: "area", line: "line" };

function graphRequests(requests: Json[], kind: GraphRequest["kind"]): GraphRequest[] {
  return requests.map((request) =>
    request.q
      ? { kind, queries: [{ name: "query", data_source: "metrics", query: request.q }], formulas: ["query"] }
      : { kind, queries: request.queries ?? [], formulas: (request.formulas ?? []).map((formula: Json) => formula.formula) },
  );
}

/** Markers as thresholds: `y = 4`, `y > 4`, and each bound of `2 < y < 4`. */
export function thresholds(markers: Json[] | undefined): Threshold[] {
  return (markers ?? []).flatMap((marker) => {
    const level = marker.display_type?.startsWith("error") ? "alert" : marker.display_type?.startsWith("warning") ? "warn" : "ok";
    const numbers: string[] = String(marker.value).match(/-?\d+(?:\.\d+)?/g) ?? [];
    return numbers.map((value) => ({ value: Number(value), level: level as Threshold["level"], label: marker.label }));
  });
}

function chartData(graphs: Graph[], names: string[][], markers: Threshold[], from: number, to: number): ChartData {
  const drawn = graphs.filter((graph) => graph.series?.length);
  const first = drawn[0];
  if (!first) return { times: [], lines: [], thresholds: markers, from, to };
  const times = Array.from({ length: first.length }, (_, place) => first.start + place * first.seconds);
  const lines = graphs.flatMap((graph, place) =>
    (graph.series ?? []).map((series: Json) => {
      const name = names[place]?.[series.formula] ?? "";
      const several = (names[place]?.length ?? 0) > 1;
      const group = groupName(series.group, name);
      return { label: several && group !== name ? `${name}, ${group}` : group, values: series.values };
    }),
  );
  return { times, lines, thresholds: markers, from, to };
}

/** What the answers say beside their values: errors, and algorithms that were left out. */
export function remarks(graphs: Graph[]): HTMLElement[] {
  const texts = graphs.flatMap((graph) => [
    ...(graph.error ? [`Not drawn: ${graph.error}`] : []),
    ...(graph.left_out ?? []).map((name: string) => `Not drawn: ${name}(); the values it starts from are.`),
  ]);
  return [...new Set(texts)].map((text) => h("p", { class: "muted remark" }, text));
}

export const timeseries: WidgetKind = (definition) => {
  const requests: Json[] = definition.requests ?? [];
  const names = requests.map((request) => (request.q ? [request.q] : formulaNames(request)));
  const display = DISPLAY[requests[0]?.display_type] ?? "line";
  const markers = thresholds(definition.markers);
  let chart: Chart | null = null;
  const notes = h("div");
  return {
    requests: graphRequests(requests, "timeseries").map((each) => (display === "bars" ? { ...each, points: BARS } : each)),
    draw(body, graphs, { range, onselect }) {
      const data = chartData(graphs, names, markers, range.start, range.end);
      redraw(notes, ...remarks(graphs));
      if (chart) chart.update(data);
      else {
        fill(body, notes);
        chart = new Chart(body, data, { label: definition.title ?? "Time series", display, height: 170, sync: "dashboard", onselect });
      }
    },
  };
};

function scalars(graph: Graph): { group: Record<string, string>; values: (number | null)[] }[] {
  const rows = new Map<string, { group: Record<string, string>; values: (number | null)[] }>();
  for (const series of graph.series ?? []) {
    const key = JSON.stringify(series.group);
    const row = rows.get(key) ?? { group: series.group, values: [] };
    row.values[series.formula] = series.values[0];
    rows.set(key, row);
  }
  return [...rows.values()];
}

export const queryValue: WidgetKind = (definition) => ({
  requests: graphRequests(definition.requests, "scalar"),
  draw(body, [graph]) {
    const value = scalars(graph)[0]?.values[0];
    const text = value == null ? "–" : definition.precision != null ? String(Number(value.toFixed(definition.precision))) : number(value);
    fill(body, h("p", { class: "value" }, text, value != null && definition.custom_unit ? h("span", { class: "unit" }, ` ${definition.custom_unit}`) : null), ...remarks([graph]), value == null && !graph.error ? empty("No data in this time range") : null);
  },
});

export const toplist: WidgetKind = (definition) => ({
  requests: graphRequests(definition.requests, "scalar"),
  draw(body, [graph]) {
    const name = formulaNames(definition.requests[0])[0] ?? "all";
    const rows = scalars(graph).sort((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0)).slice(0, 10);
    const most = Math.max(0, ...rows.map((row) => row.values[0] ?? 0));
    fill(
      body,
      ...remarks([graph]),
      rows.length ? h("ol", { class: "toplist" }, ...rows.map((row) => h("li", {}, bar((row.values[0] ?? 0) / (most || 1)), h("span", { class: "top-name" }, groupName(row.group, name)), h("b", {}, number(row.values[0]))))) : null,
      rows.length || graph.error ? null : empty("No data in this time range"),
    );
  },
});

/** A horizontal bar behind a row. */
export function bar(share: number): HTMLElement {
  return style(h("span", { class: "bar-fill", "aria-hidden": "true" }), { width: `${Math.max(0, Math.min(1, share)) * 100}%` });
}

export const queryTable: WidgetKind = (definition) => ({
  wide: true,
  requests: graphRequests(definition.requests, "scalar"),
  draw(body, [graph]) {
    const names = formulaNames(definition.requests[0]);
    const rows = scalars(graph);
    const by = Object.keys(rows[0]?.group ?? {});
    redraw(body, ...remarks([graph]), graph.error ? null : table(
      definition.title,
      [
        ...by.map((tag) => ({ name: tag, cell: (row: (typeof rows)[0]) => row.group[tag] })),
        ...names.map((name, place) => ({ name, kind: "number", cell: (row: (typeof rows)[0]) => number(row.values[place]) })),
      ],
      rows,
      "No data in this time range",
    ));
  },
});

export const change: WidgetKind = (definition) => ({
  requests: graphRequests(definition.requests, "scalar"),
  draw(body, [graph]) {
    const good = definition.requests[0].increase_good;
    const rows = scalars(graph).map((row) => ({ group: row.group, before: row.values[0] ?? null, now: row.values[1] ?? null }));
    const difference = (row: (typeof rows)[0]) => (row.before ? (100 * ((row.now ?? 0) - row.before)) / row.before : null);
    const level = (value: number | null) => (value === null || value === 0 ? "" : value > 0 === good ? "better" : "worse");
    redraw(body, ...remarks([graph]), graph.error ? null : table(
      definition.title,
      [
        { name: "Group", kind: "wide", cell: (row: (typeof rows)[0]) => groupName(row.group, "all") },
        { name: "Before", kind: "number", cell: (row) => number(row.before) },
        { name: "Now", kind: "number", cell: (row) => number(row.now) },
        { name: "Change", kind: "number", cell: (row) => h("span", { class: level(difference(row)) }, difference(row) === null ? "new" : percent(difference(row), 3)) },
      ],
      rows.sort((a, b) => (difference(b) ?? Infinity) - (difference(a) ?? Infinity)),
      "No data in this time range",
    ));
  },
});
