/** SLOs: the list, and one with its windows, budget and burn rate. */
import { get, post, type Json } from "../api";
import { Chart, type Line } from "../../shared/chart";
import { h } from "../../shared/dom";
import { monitorLink } from "../links";
import { heading, level, properties, redraw, section, stateBadge, table, tags } from "../parts";
import { withRange, type Range } from "../range";
import type { Page } from "../router";
import { sloTable, sloWindows } from "../widgets/objects";

const MEASURES: [string, string, number][] = [
  ["error_budget_remaining", "Error budget left (% of it)", 0],
  ["burn_rate", "Burn rate (1 spends the budget by the window's end)", 1],
];

export const slos: Page = async (context) => {
  const id = context.query.get("slo_id");
  if (id) return slo(context, id);
  context.title("SLOs");
  const list = h("div");
  context.root.append(heading("SLOs"), list);
  const refresh = async (): Promise<void> => redraw(list, sloTable((await get("/-/console/slos")).slos));
  await refresh();
  return refresh;
};

async function slo({ root, range, title, go }: Parameters<Page>[0], id: string): Promise<() => Promise<void>> {
  const monitors: Json[] = await get("/api/v1/monitor");
  const alerts = monitors.filter((monitor) => monitor.query.includes(id));
  const first = (await get("/-/console/slos", { slo_id: id })).slos[0];
  title(first.name);
  const windows = h("div");
  const plots = MEASURES.map(() => h("div"));
  const charts: Chart[] = [];
  const refresh = async (): Promise<void> => {
    const now = range("1d");
    const [answer, lines] = await Promise.all([get("/-/console/slos", { slo_id: id }), measured(id, now)]);
    redraw(windows, sloWindows(answer.slos[0]));
    lines.forEach(({ times, values }, place) => {
      const [, label, bound] = MEASURES[place]!;
      const line: Line[] = times.length ? [{ label, values }] : [];
      const data = { times, lines: line, thresholds: [{ value: bound, level: "warn" as const, label: bound ? "1: as fast as the budget allows" : "budget spent" }], from: now.start, to: now.end };
      if (charts[place]) charts[place]!.update(data);
      else charts[place] = new Chart(plots[place]!, data, { label, height: 200, sync: "slo", onselect: (from, to) => go(withRange(new URL(location.href), from, to)) });
    });
  };
  root.append(
    heading(first.name, stateBadge(first.windows.at(-1).error ? "no data" : first.windows.at(-1).state.replace("_", " "))),
    h("p", {}, first.description ?? ""),
    section("Windows", windows),
    ...plots.map((plot, place) => section(MEASURES[place]![1], plot)),
    section("Alerts on it", table("Alerts", [
      { name: "State", cell: (row: Json) => stateBadge(row.overall_state) },
      { name: "Monitor", kind: "wide", cell: (row) => h("a", { href: monitorLink(row.id) }, row.name) },
    ], alerts.sort((a, b) => level(a.overall_state).localeCompare(level(b.overall_state))), "No monitor alerts on this SLO.")),
    section("Definition", properties([["Type", first.type], ["Tags", tags(first.tags)], ["Query", h("code", { class: "query" }, JSON.stringify(first.query ?? first.sli_specification ?? first.monitor_ids))]])),
  );
  await refresh();
  return refresh;
}

async function measured(id: string, range: Range): Promise<{ times: number[]; values: (number | null)[] }[]> {
  const graphs = MEASURES.map(([measure]) => ({ id: measure, kind: "timeseries", formulas: ["slo"], queries: [{ name: "slo", data_source: "slo", slo_id: id, measure }] }));
  const answers = await post("/-/console/graphs", { start: range.start, end: range.end, graphs });
  return MEASURES.map(([measure]) => {
    const answer = answers[measure];
    return { times: Array.from({ length: answer.series?.length ? answer.length : 0 }, (_, place) => answer.start + place * answer.seconds), values: answer.series?.[0]?.values ?? [] };
  });
}
