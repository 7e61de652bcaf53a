/** The plot of one alert in one scenario: values, thresholds, states behind them, and what was sent. */
import { h, svg, fill, type Child } from "../shared/dom";
import { number } from "../shared/format";
import type { Play, Plot, PlotEvent } from "./data";
import { linear, minuteMarks, minutes, valueMarks, type Scale } from "./scale";

const LEVELS: Record<string, string> = { ALERT: "alert", WARN: "warn", "NO DATA": "nodata", OK: "ok", PAGE: "page" };
const HEIGHT = 240;
const STRIP = 14;
const LABEL = 13;
const MARGIN = { top: 34, right: 12, bottom: 24, left: 58 };

export function level(state: string): string {
  return LEVELS[state] ?? "nodata";
}

/** The name of a group as a person reads it; a monitor without groups has one, called *. */
function groupName(group: string): string {
  return group === "*" ? "value" : group;
}

export function range(plot: Plot): [number, number] {
  const values = plot.series.flatMap((series) => series.values.filter((value) => value !== null));
  const all = [...values, ...Object.values(plot.thresholds), 0];
  const least = Math.min(...all);
  const most = Math.max(...all);
  return [least < 0 ? least * 1.08 : 0, most > 0 ? most * 1.08 : least < 0 ? 0 : 1];
}

/** The path of a line that holds each value until the next. */
export function stepPath(times: number[], values: (number | null)[], x: Scale, y: Scale): string {
  let path = "";
  let drawing = false;
  values.forEach((value, place) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const left = x(times[place]!).toFixed(1);
    const top = y(value).toFixed(1);
    path += drawing ? `H${left}V${top}` : `M${left} ${top}h0.1`;
    drawing = true;
  });
  return path;
}

export function drawPlot(play: Play): HTMLElement {
  const holder = h("div", { class: "plot" });
  const readout = h("p", { class: "readout muted", "aria-live": "off" });
  let drawn = 0;
  const draw = (): void => {
    const width = Math.floor(holder.clientWidth);
    if (width <= 0 || width === drawn) return;
    drawn = width;
    fill(holder, picture(play, width, readout));
  };
  new ResizeObserver(draw).observe(holder);
  return h("figure", { class: "plot-figure" }, holder, readout, legend(play.plot));
}

function picture(play: Play, width: number, readout: HTMLElement): SVGElement {
  const { plot } = play;
  const strips = plot.states.length > 1 || !plot.series.length ? plot.states : [];
  const bottom = MARGIN.top + (plot.series.length ? HEIGHT - MARGIN.top - MARGIN.bottom : 0);
  const end = bottom + strips.length * STRIP;
  const first = plot.minutes[0] ?? 0;
  const last = plot.minutes.at(-1) ?? 1;
  const x = linear(first, last, MARGIN.left, width - MARGIN.right);
  const y = linear(...range(plot), bottom, MARGIN.top);
  const parts: Child[] = [timeAxis(plot, x, width, end)];
  if (plot.series.length) {
    parts.push(plot.states.map((states) => states.spans.map(([from, to, state]) => band(x, from, to, state, MARGIN.top, bottom - MARGIN.top))));
    parts.push(valueAxis(plot, y, width), lines(plot, x, y), thresholds(plot, y, width));
  }
  parts.push(strips.map((states, row) => strip(states, x, bottom + row * STRIP)));
  parts.push(phases(plot, x, end), plot.events.map((event) => eventMark(event, x)));
  const drawing = svg("svg", { width, height: end + MARGIN.bottom, role: "img", "aria-label": describe(play) }, parts);
  follow(drawing, plot, x, end, readout);
  return drawing;
}

function describe(play: Play): string {
  const limits = Object.entries(play.plot.thresholds).map(([name, value]) => `${name.replaceAll("_", " ")} ${number(value)}`);
  return `${play.title}: ${play.result}${limits.length ? `; thresholds: ${limits.join(", ")}` : ""}`;
}

function band(x: Scale, from: number, to: number, state: string, top: number, height: number): SVGElement {
  const left = Math.max(x(from), MARGIN.left);
  return svg("rect", { class: `band ${level(state)}`, x: left, y: top, width: Math.max(x(to) - left, 1), height });
}

function strip(states: Plot["states"][number], x: Scale, top: number): Child[] {
  const name = states.group === "*" ? "state" : states.group;
  const label = name.length > 9 ? `${name.slice(0, 8)}…` : name;
  return [
    svg("text", { class: "tick", x: MARGIN.left - 6, y: top + 10, "text-anchor": "end" }, label, svg("title", {}, name)),
    states.spans.map(([from, to, state]) => svg("rect", { class: `strip ${level(state)}`, x: x(from), y: top + 2, width: Math.max(x(to) - x(from), 1), height: STRIP - 4 })),
  ];
}

function timeAxis(plot: Plot, x: Scale, width: number, bottom: number): Child[] {
  const marks = minuteMarks(plot.minutes[0] ?? 0, plot.minutes.at(-1) ?? 1, width / 90);
  return marks.map((mark) => [
    svg("line", { class: "grid", x1: x(mark), x2: x(mark), y1: MARGIN.top, y2: bottom }),
    svg("text", { class: "tick", x: x(mark), y: bottom + 16, "text-anchor": x(mark) > width - 40 ? "end" : "middle" }, minutes(mark)),
  ]);
}

function valueAxis(plot: Plot, y: Scale, width: number): Child[] {
  return valueMarks(...range(plot)).map((mark) => [
    svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(mark), y2: y(mark) }),
    svg("text", { class: "tick", x: MARGIN.left - 6, y: y(mark) + 4, "text-anchor": "end" }, number(mark)),
  ]);
}

function lines(plot: Plot, x: Scale, y: Scale): Child[] {
  return plot.series.map((series, place) => svg("path", { class: `line series-${place + 1}`, d: stepPath(plot.minutes, series.values, x, y) }));
}

function thresholds(plot: Plot, y: Scale, width: number): Child[] {
  let free = Infinity;
  const ascending = Object.entries(plot.thresholds).sort(([, a], [, b]) => a - b);
  return ascending.map(([name, value]) => {
    const kind = name === "critical" ? "alert" : name === "warning" ? "warn" : "ok";
    const text = Math.min(y(value) - 4, free);
    free = text - LABEL;
    return [
      svg("line", { class: `threshold ${kind}`, x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
      svg("text", { class: `label ${kind}`, x: width - MARGIN.right - 4, y: text, "text-anchor": "end" }, `${name.replaceAll("_", " ")} ${number(value)}`),
    ];
  });
}

function phases(plot: Plot, x: Scale, bottom: number): Child[] {
  const room = x(plot.remediation) - x(0) > 60;
  return [
    [0, "failure", room ? "start" : "end"] as const,
    [plot.remediation, "remediation", "start"] as const,
  ].map(([at, text, anchor]) => [
    svg("line", { class: "phase", x1: x(at), x2: x(at), y1: 14, y2: bottom }),
    svg("text", { class: "label phase-text", x: x(at) + (anchor === "start" ? 4 : -4), y: 12, "text-anchor": anchor }, text),
  ]);
}

function eventMark(event: PlotEvent, x: Scale): SVGElement {
  const at = x(event.at);
  const title = svg("title", {}, `${minutes(event.at)}: ${event.text}`);
  const kind = `event ${level(event.state)}`;
  if (event.state === "PAGE") return svg("path", { class: kind, d: `M${at} 19l5 5l-5 5l-5 -5z` }, title);
  return svg("circle", { class: kind, cx: at, cy: 24, r: 4 }, title);
}

function follow(drawing: SVGElement, plot: Plot, x: Scale, bottom: number, readout: HTMLElement): void {
  const cursor = svg("line", { class: "cursor", y1: MARGIN.top, y2: bottom, visibility: "hidden" });
  drawing.appendChild(cursor);
  const rest = "Minutes after the failure began. Background: state; circles: notifications; diamonds: pages.";
  readout.textContent = rest;
  drawing.addEventListener("pointermove", (event) => {
    const left = (event as PointerEvent).clientX - drawing.getBoundingClientRect().left;
    const place = plot.minutes.reduce((best, minute, index) => (Math.abs(x(minute) - left) < Math.abs(x(plot.minutes[best]!) - left) ? index : best), 0);
    const at = plot.minutes[place];
    if (at === undefined) return;
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("x1", String(x(at)));
    cursor.setAttribute("x2", String(x(at)));
    readout.textContent = `${minutes(at)}: ${[...valuesAt(plot, place), ...statesAt(plot, at)].join(", ")}`;
  });
  drawing.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    readout.textContent = rest;
  });
}

function valuesAt(plot: Plot, place: number): string[] {
  return plot.series.map((series) => `${groupName(series.group)} ${number(series.values[place], 4)}`);
}

function statesAt(plot: Plot, at: number): string[] {
  return plot.states.flatMap((states) => states.spans.filter(([from, to]) => from <= at && at < to).map(([, , state]) => (plot.states.length > 1 ? `${groupName(states.group)}: ${state}` : state)));
}

function legend(plot: Plot): Child {
  if (plot.series.length < 2) return null;
  const more = plot.groups - plot.series.length;
  return h(
    "ul",
    { class: "chart-legend" },
    ...plot.series.map((series, place) => h("li", {}, h("span", { class: `key series-${place + 1}`, "aria-hidden": "true" }), groupName(series.group))),
    more > 0 ? h("li", {}, `and ${more} more groups`) : null,
  );
}

/** A small picture of the same, for a row of a table. */
export function sparkline(plot: Plot): SVGElement {
  const [width, height] = [150, 30];
  const x = linear(plot.minutes[0] ?? 0, plot.minutes.at(-1) ?? 1, 0, width);
  const y = linear(...range(plot), height - 1, 1);
  const series = plot.series[0];
  const critical = plot.thresholds.critical;
  return svg(
    "svg",
    { class: "sparkline", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    plot.states.map((states) => states.spans.map(([from, to, state]) => svg("rect", { class: `band ${level(state)}`, x: x(from), y: 0, width: Math.max(x(to) - x(from), 1), height }))),
    series && critical !== undefined ? svg("line", { class: "threshold alert", x1: 0, x2: width, y1: y(critical), y2: y(critical) }) : null,
    series ? svg("path", { class: "line series-1", d: stepPath(plot.minutes, series.values, x, y) }) : null,
  );
}
