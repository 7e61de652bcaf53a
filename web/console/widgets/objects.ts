/** Widgets of objects: SLOs, monitors, a monitor's graph, workflows, notes, the service map. */
import { get, post, type Json } from "../api";
import { Chart } from "../../shared/chart";
import { fill, h } from "../../shared/dom";
import { number, percent } from "../../shared/format";
import { markdown } from "../../shared/markdown";
import { linkTarget, monitorLink } from "../links";
import { bands, thresholdLines } from "../pages/monitor";
import { bySeverity, matches } from "../pages/monitors";
import { level, moment, redraw, seconds, stateBadge, table } from "../parts";
import { topology } from "../topology";
import type { WidgetKind } from "./widget";

export const note: WidgetKind = (definition) => ({
  requests: [],
  draw: (body) => fill(body, h("div", { class: "markdown" }, ...markdown(definition.content ?? "", linkTarget))),
});

export const alertGraph: WidgetKind = (definition) => {
  let chart: Chart | null = null;
  return {
    requests: [],
    async draw(body, _, { range, onselect }) {
      const report = await get(`/-/console/monitors/${definition.alert_id}`, { start: range.start, end: range.end });
      const { times = [], values = {} } = report.series;
      const lines = Object.entries<(number | null)[]>(values).map(([name, points]) => ({ label: name === "*" ? "all" : name, values: points }));
      const data = { times, lines, thresholds: thresholdLines(report.thresholds), bands: bands(report.history, range), from: range.start, to: range.end };
      if (chart) return chart.update(data);
      fill(body, h("p", { class: "remark" }, h("a", { href: monitorLink(definition.alert_id) }, "Open the monitor")));
      chart = new Chart(body, data, { label: definition.title, height: 150, sync: "dashboard", onselect });
    },
  };
};

export const manageStatus: WidgetKind = (definition) => ({
  wide: true,
  requests: [],
  async draw(body) {
    const found = bySeverity((await get("/api/v1/monitor")).filter((monitor: Json) => matches(monitor, definition.query ?? "")));
    const count = (name: string): number => found.filter((monitor) => level(monitor.overall_state) === name).length;
    const shown = found.filter((monitor) => level(monitor.overall_state) !== "ok");
    redraw(
      body,
      h("p", { class: "state-counts" }, ...(["alert", "warn", "nodata", "ok"] as const).map((name) => (count(name) || !definition.hide_zero_counts ? h("span", { class: `state state-${name}` }, `${count(name)} ${name === "nodata" ? "no data" : name}`) : null))),
      table("Monitors", [
        { name: "State", cell: (row: Json) => stateBadge(row.overall_state) },
        { name: "Monitor", kind: "wide", cell: (row) => h("a", { href: monitorLink(row.id) }, row.name) },
        { name: "Since", cell: (row) => moment(seconds(row.overall_state_modified)) },
      ], shown.slice(0, 20), found.length ? "All of them are OK." : "No monitor matches."),
    );
  },
});

/** SLI, target and budget of the windows of an SLO. */
export function sloWindows(slo: Json, brief = false): HTMLElement {
  const counts = { name: "Good of total", kind: "number", cell: (row: Json) => (row.error ? "–" : `${number(row.good)} of ${number(row.total)}`) };
  return table("Windows", [
    { name: "Window", cell: (row: Json) => row.timeframe },
    { name: "State", cell: (row) => stateBadge(row.error ? "no data" : row.state.replace("_", " ")) },
    { name: "SLI", kind: "number", cell: (row) => row.error ?? percent(row.sli, 5) },
    { name: "Target", kind: "number", cell: (row) => percent(row.target, 5) },
    { name: "Budget left", kind: "number", cell: (row) => percent(row.remaining, 3) },
    ...(brief ? [] : [counts]),
  ], slo.windows);
}

export const slo: WidgetKind = (definition) => ({
  requests: [],
  async draw(body) {
    const { slos } = await get("/-/console/slos", { slo_id: definition.slo_id });
    redraw(body, h("p", { class: "remark" }, h("a", { href: `/slo?slo_id=${definition.slo_id}` }, slos[0].name)), sloWindows(slos[0], true));
  },
});

export const sloList: WidgetKind = (definition) => ({
  wide: true,
  requests: [],
  async draw(body) {
    const query = definition.requests?.[0]?.query?.query_string ?? "";
    const { slos } = await get("/-/console/slos");
    redraw(body, sloTable(slos.filter((each: Json) => query.split(/\s+/).every((word: string) => !word || word === "*" || each.tags.includes(word) || each.name.toLowerCase().includes(word.toLowerCase())))));
  },
});

export function sloTable(slos: Json[]): HTMLElement {
  const own = (row: Json): Json => row.windows.at(-1);
  return table("SLOs", [
    { name: "State", cell: (row: Json) => stateBadge(own(row).error ? "no data" : own(row).state.replace("_", " ")) },
    { name: "SLO", kind: "wide", cell: (row) => h("a", { href: `/slo?slo_id=${row.id}` }, row.name) },
    { name: "Window", cell: (row) => own(row).timeframe },
    { name: "SLI", kind: "number", cell: (row) => percent(own(row).sli, 5) },
    { name: "Target", kind: "number", cell: (row) => percent(own(row).target, 5) },
    { name: "Budget left", kind: "number", cell: (row) => percent(own(row).remaining, 3) },
  ], slos, "No SLO matches.");
}

export const runWorkflow: WidgetKind = (definition) => ({
  requests: [],
  draw(body) {
    const said = h("p", { role: "status" });
    const run = async (): Promise<void> => {
      const answer = await post(`/api/v2/workflows/${definition.workflow_id}/instances`, { meta: { payload: {} } });
      fill(said, "Started: ", h("a", { href: `/workflow/${definition.workflow_id}?run=${answer.data.id}` }, "its run"));
    };
    fill(body, h("p", {}, h("button", { onclick: () => void run().catch((error: Error) => fill(said, error.message)) }, "Run the workflow"), " ", h("a", { href: `/workflow/${definition.workflow_id}` }, "Steps and runs")), said);
  },
});

export const topologyMap: WidgetKind = (definition) => ({
  wide: true,
  requests: [],
  async draw(body, _, { range }) {
    const map = await get("/-/console/service-map", { start: range.start, end: range.end });
    redraw(body, topology(map, definition.requests?.[0]?.query?.service ?? ""));
  },
});

