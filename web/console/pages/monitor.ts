/** A monitor: the series that it compares, its thresholds, the history and reason of its states, whom it notified. */
import { get, type Json } from "../api";
import { Chart, type Band, type Threshold } from "../../shared/chart";
import { fill, h } from "../../shared/dom";
import { number } from "../../shared/format";
import { markdown } from "../../shared/markdown";
import { linkTarget, monitorLink } from "../links";
import { empty, heading, level, moment, properties, redraw, section, stateBadge, table, tags } from "../parts";
import { withRange, type Range } from "../range";
import type { Page } from "../router";

const LEVELS: [string, Threshold["level"]][] = [
  ["critical", "alert"],
  ["warning", "warn"],
  ["critical_recovery", "ok"],
];

/** The thresholds of a report as lines of a chart. */
export function thresholdLines(thresholds: Json): Threshold[] {
  if (!thresholds) return [];
  return LEVELS.filter(([name]) => typeof thresholds[name] === "number").map(([name, colour]) => ({
    value: thresholds[name],
    level: colour,
    label: `${name.replace("_", " ")} ${name.endsWith("recovery") ? "" : `${thresholds.comparator} `}${number(thresholds[name])}`,
  }));
}

/** The stretches of time in which some group was not OK, by the monitor's history. */
export function bands(history: [number, string, string][], range: Range): Band[] {
  const open = new Map<string, [number, string]>();
  const result: Band[] = [];
  const close = (group: string, at: number): void => {
    const before = open.get(group);
    if (before && level(before[1]) !== "ok") result.push({ from: Math.max(before[0], range.start), to: at, level: level(before[1]) });
  };
  for (const [at, group, state] of history) {
    close(group, at);
    open.set(group, [at, state]);
  }
  for (const group of open.keys()) close(group, range.end);
  const order = ["nodata", "warn", "alert"];
  return result.filter((band) => band.to > range.start).sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

export const monitor: Page = async ({ root, params, range, title, go }) => {
  const id = params[0]!;
  const definition = await get(`/api/v1/monitor/${id}`);
  title(definition.name);
  const state = h("span");
  const why = h("div");
  const plot = h("div");
  const band = h("div");
  const bandSection = section("Measured values and their bounds", band);
  bandSection.hidden = true;
  const history = h("div");
  const notified = h("div");
  const message = h("div", { class: "markdown" });
  let chart: Chart | null = null;
  let bandChart: Chart | null = null;

  const refresh = async (): Promise<void> => {
    const now = range("1h");
    const [current, report] = await Promise.all([
      get(`/api/v1/monitor/${id}`),
      get(`/-/console/monitors/${id}`, { start: now.start, end: now.end }),
    ]);
    redraw(state, stateBadge(report.refused ? "Refused" : current.overall_state));
    redraw(why, reasons(report));
    const data = chartData(report, now);
    if (chart) chart.update(data);
    else if (data.lines.length || definition.type !== "composite") {
      chart = new Chart(plot, data, { label: `Evaluated values of ${definition.name}`, height: 240, onselect: (from, to) => go(withRange(new URL(location.href), from, to)) });
    } else fill(plot, empty("A composite compares no values: its state follows its members."));
    if (report.bounds) {
      bandSection.hidden = false;
      // The threshold of anomalies() is a share of points, that of forecast() a value like those drawn here.
      const thresholds = definition.query.includes("forecast(") ? thresholdLines(report.thresholds) : [];
      const bounded = { ...boundsData(report.bounds), thresholds };
      if (bandChart) bandChart.update(bounded);
      else bandChart = new Chart(band, bounded, { label: `Measured values of ${definition.name} and their bounds`, height: 200 });
    }
    redraw(history, historyTable(report));
    redraw(notified, notificationTable(report.notifications));
    const last = report.notifications.find((entry: Json) => entry.text);
    redraw(
      message,
      h("p", { class: "muted" }, last ? "As it was sent last: " : "As an alert at the critical threshold would read; nothing was sent yet.", last ? moment(last.time) : null),
      h("p", {}, h("strong", {}, (last ?? report.preview)?.title ?? "")),
      ...markdown((last ?? report.preview)?.text ?? definition.message, linkTarget),
    );
  };

  root.append(
    heading(definition.name, state),
    section("Evaluated values", plot),
    bandSection,
    section("State and reason", why),
    section("Notifications", notified),
    section("Message", message),
    section("History of states", history),
    section("Definition", properties([
      ["Type", definition.type],
      ["Query", h("code", { class: "query" }, definition.query)],
      ["Priority", definition.priority ? `P${definition.priority}` : "–"],
      ["Tags", tags(definition.tags)],
    ])),
  );
  await refresh();
  return refresh;
};

function chartData(report: Json, range: Range) {
  const { times = [], values = {}, default: missing } = report.series;
  const lines = Object.entries<(number | null)[]>(values).map(([name, points]) => ({ label: name === "*" ? "all" : name, values: points }));
  if (!lines.length && missing != null && times.length) lines.push({ label: "no events", values: times.map(() => missing) });
  return { times, lines, thresholds: thresholdLines(report.thresholds), bands: bands(report.history, range), from: range.start, to: range.end };
}

/** A line for the values of each group, and one for each bound. */
function boundsData({ times, groups }: Json) {
  const named = (group: Json, text: string): string => (group.name === "*" ? text : `${group.name} ${text}`);
  const lines = groups.flatMap((group: Json) => [
    { label: named(group, "value"), values: group.values },
    { label: named(group, "lower bound"), values: group.lower, colour: "nodata" },
    { label: named(group, "upper bound"), values: group.upper, colour: "warn" },
  ]);
  return { times, lines };
}

function reasons(report: Json): HTMLElement {
  if (report.refused) return h("p", {}, `Not evaluated: ${report.refused}`);
  return h("div", {}, members(report), table(
    "States of groups",
    [
      { name: "State", cell: (row: Json) => stateBadge(row.state) },
      { name: "Group", cell: (row) => (row.name === "*" ? "all" : row.name) },
      { name: "Last value", kind: "number", cell: (row) => number(row.value) },
      { name: "Why", kind: "wide", cell: (row) => row.reason },
      { name: "Last triggered", cell: (row) => moment(row.last_triggered) },
    ],
    report.groups,
    "No group has data yet, so the monitor has no state.",
  ));
}

function members(report: Json): HTMLElement | null {
  if (!report.members.length) return null;
  return h("ul", { class: "plain" }, ...report.members.map((member: Json) => h("li", {}, stateBadge(member.state), " ", h("a", { href: monitorLink(member.id) }, member.name ?? member.id))));
}

function historyTable(report: Json): HTMLElement {
  return table(
    "History of states",
    [
      { name: "Time", cell: (row: Json) => moment(row[0]) },
      { name: "Group", kind: "wide", cell: (row) => (row[1] === "*" ? "all" : row[1]) },
      { name: "State", cell: (row) => stateBadge(row[2] ?? "gone") },
    ],
    [...report.history].reverse().slice(0, 100),
    "No change of state yet.",
  );
}

export function notificationTable(notifications: Json[]): HTMLElement {
  return table(
    "Notifications",
    [
      { name: "Time", cell: (row: Json) => moment(row.time) },
      { name: "Whom", cell: (row) => row.handle ?? "nobody" },
      { name: "Change", cell: (row) => row.transition?.replace("->", " → ") ?? row.kind },
      { name: "Outcome", kind: "wide", cell: (row) => outcome(row) },
    ],
    notifications,
    "Nobody was notified.",
  );
}

function outcome(row: Json) {
  if (row.page_id) return h("a", { href: `/on-call?page=${row.page_id}` }, row.outcome);
  return row.outcome;
}
