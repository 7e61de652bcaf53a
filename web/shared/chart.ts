/** A time series chart: lines, areas or bars with thresholds as dashed lines and states as bands behind them. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { fill, h, style } from "./dom";
import { clock, dateTime, quantity } from "./format";

export type Display = "line" | "area" | "bars";
export type Level = "alert" | "warn" | "ok" | "nodata";

export interface Line {
  label: string;
  /** A value for each time; null is no point. */
  values: (number | null)[];
  /** The CSS variable of its colour; by default one of the series. */
  colour?: string;
}

export interface Threshold {
  value: number;
  level: Level;
  label?: string;
}

/** A stretch of time in which a state held. */
export interface Band {
  from: number;
  to: number;
  level: Level;
}

export interface ChartData {
  /** Epoch seconds, ascending, common to all lines. */
  times: number[];
  lines: Line[];
  thresholds?: Threshold[];
  bands?: Band[];
  /** The range of the time axis; that of the points by default. */
  from?: number;
  to?: number;
}

export interface ChartOptions {
  /** The sentence that a screen reader says before the values. */
  label: string;
  height?: number;
  unit?: string;
  display?: Display;
  legend?: boolean;
  /** Charts with the same key show the same moment under the pointer. */
  sync?: string;
  /** Called with the range of time that a person selects. */
  onselect?: (from: number, to: number) => void;
}

const SERIES = 8;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The CSS variable of a line's colour. */
export function seriesColour(place: number): string {
  return `series-${(place % SERIES) + 1}`;
}

function colourOf(line: Line | undefined, place: number): string {
  return line?.colour ?? seriesColour(place);
}

function last(line: Line): number | null {
  for (let place = line.values.length - 1; place >= 0; place--) if (line.values[place] != null) return line.values[place]!;
  return null;
}

/** Add up bars from the last line to the first, which is drawn on top of the others' sum. */
function stacked(lines: Line[], length: number): (number | null)[][] {
  const sum = new Array<number>(length).fill(0);
  return lines.map((line) =>
    Array.from({ length }, (_, place) => {
      const value = line.values[place];
      if (value == null) return null;
      sum[place]! += value;
      return sum[place]!;
    }),
  );
}

export class Chart {
  readonly element: HTMLElement;
  private readonly plot: HTMLElement = h("div");
  private readonly tip = h("div", { class: "chart-tip", hidden: true });
  private readonly legend = h("ul", { class: "chart-legend" });
  private readonly resize: ResizeObserver;
  private chart: uPlot | null = null;
  private data: ChartData = { times: [], lines: [] };
  private shape = "";

  constructor(
    parent: Element,
    data: ChartData,
    private readonly options: ChartOptions,
  ) {
    this.element = h("figure", { class: "chart" }, this.plot, this.tip, options.legend === false ? null : this.legend);
    this.plot.setAttribute("role", "img");
    style(this.plot, { height: `${this.height}px` });
    parent.appendChild(this.element);
    this.resize = new ResizeObserver(() => {
      if (this.chart && this.width > 0) this.chart.setSize({ width: this.width, height: this.height });
      else this.draw();
    });
    this.resize.observe(this.element);
    addEventListener("themechange", this.redraw);
    this.update(data);
  }

  /** Show other data, with the same lines or others. */
  update(data: ChartData): void {
    this.data = data;
    this.describe();
    const shape = JSON.stringify([data.lines.map((line) => [line.label, line.colour]), data.thresholds]);
    if (this.chart && shape === this.shape) {
      this.chart.setData(this.columns());
      return;
    }
    this.shape = shape;
    this.draw();
  }

  destroy(): void {
    this.resize.disconnect();
    removeEventListener("themechange", this.redraw);
    this.chart?.destroy();
    this.element.remove();
  }

  private readonly redraw = (): void => this.draw();

  private get height(): number {
    return this.options.height ?? 180;
  }

  private get width(): number {
    return Math.floor(this.element.clientWidth);
  }

  private get display(): Display {
    return this.options.display ?? "line";
  }

  private columns(): uPlot.AlignedData {
    const { times, lines } = this.data;
    const values = this.display === "line" ? lines.map((line) => line.values) : stacked(lines, times.length);
    return [times, ...values] as uPlot.AlignedData;
  }

  private draw(): void {
    this.chart?.destroy();
    this.chart = null;
    if (this.width <= 0) return;
    if (!this.data.lines.length) {
      this.plot.className = "chart-empty";
      fill(this.plot, "No data in this time range");
      return;
    }
    this.plot.className = "";
    this.plot.replaceChildren();
    this.chart = new uPlot(this.plotOptions(), this.columns(), this.plot);
  }

  private plotOptions(): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: colour("muted"),
      font: `11px ${getComputedStyle(document.body).fontFamily}`,
      grid: { stroke: colour("border"), width: 0.5 },
      ticks: { stroke: colour("border"), width: 0.5, size: 4 },
    };
    return {
      width: this.width,
      height: this.height,
      legend: { show: false },
      padding: [8, 18, 0, 0],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: this.options.onselect !== undefined, y: false, setScale: false },
        ...(this.options.sync ? { sync: { key: this.options.sync } } : {}),
      },
      scales: {
        x: { time: true, range: (_, low, high) => [this.data.from ?? low, this.data.to ?? high] },
        y: { range: (_, low, high) => this.valueRange(low, high) },
      },
      axes: [
        { ...axis, space: 70, size: 28, values: (_, splits, __, ___, step) => splits.map((at) => tick(at, step)) },
        { ...axis, size: 56, space: 30, values: (_, splits) => splits.map((value) => quantity(value, this.options.unit)) },
      ],
      series: [{}, ...this.data.lines.map((line, place) => this.series(line, place))],
      ...(this.display === "line" ? {} : { bands: this.data.lines.slice(1).map((_, place) => ({ series: [place + 2, place + 1] as [number, number] })) }),
      hooks: {
        drawClear: [(plot) => this.drawBands(plot)],
        draw: [(plot) => this.drawThresholds(plot)],
        setCursor: [(plot) => this.showTip(plot)],
        setSelect: [(plot) => this.select(plot)],
      },
    };
  }

  private series(line: Line, place: number): uPlot.Series {
    const stroke = colour(colourOf(line, place));
    const series: uPlot.Series = { label: line.label, stroke, width: 1.5, points: { show: true, size: 4, filter: (_, place) => alone(this.data.lines[place - 1]!.values) } };
    if (this.display === "area") return { ...series, fill: `${stroke}40` };
    if (this.display === "bars") return { ...series, points: { show: false }, width: 0, fill: stroke, paths: uPlot.paths.bars!({ size: [0.8, 40], gap: 0 }) };
    return series;
  }

  /** Include the thresholds that are near enough to the values, and zero where it is near. */
  private valueRange(low: number | null, high: number | null): [number, number] {
    const levels = (this.data.thresholds ?? []).map((threshold) => threshold.value);
    let least = Math.min(0, low ?? 0);
    let most = high ?? 0;
    for (const level of levels) {
      if (level > most) most = level;
      if (level < least) least = level;
    }
    if (most === least) return [least, least + 1];
    return [least < 0 ? least - (most - least) * 0.05 : 0, most + (most - least) * 0.08];
  }

  private drawBands(plot: uPlot): void {
    const { left, top, width, height } = plot.bbox;
    for (const band of this.data.bands ?? []) {
      if (band.level === "ok") continue;
      const begin = Math.max(left, plot.valToPos(band.from, "x", true));
      const end = Math.min(left + width, plot.valToPos(band.to, "x", true));
      if (end <= begin) continue;
      plot.ctx.fillStyle = colour(`${band.level}-soft`);
      plot.ctx.fillRect(begin, top, end - begin, height);
    }
  }

  private drawThresholds(plot: uPlot): void {
    const { left, width } = plot.bbox;
    const ctx = plot.ctx;
    ctx.save();
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    const placed: { y: number; end: number }[] = [];
    for (const threshold of this.data.thresholds ?? []) {
      const y = Math.round(plot.valToPos(threshold.value, "y", true));
      ctx.strokeStyle = ctx.fillStyle = colour(threshold.level);
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
      if (!threshold.label) continue;
      // Labels of thresholds that lie close to each other stand side by side.
      const near = placed.filter((label) => Math.abs(label.y - y) < 13 * devicePixelRatio);
      const start = Math.max(left, ...near.map((label) => label.end)) + 6 * devicePixelRatio;
      ctx.fillText(threshold.label, start, y - 2 * devicePixelRatio, Math.max(1, left + width - start));
      placed.push({ y, end: start + ctx.measureText(threshold.label).width });
    }
    ctx.restore();
  }

  private showTip(plot: uPlot): void {
    const { idx, left = -1, top = -1 } = plot.cursor;
    // With synchronised cursors only the chart under the pointer shows its values.
    this.tip.hidden = idx == null || left < 0 || !plot.over.matches(":hover");
    if (this.tip.hidden || idx == null) return;
    const rows = this.data.lines
      .map((line, place) => ({ line, place, value: line.values[idx] ?? null }))
      .filter((row) => row.value !== null)
      .sort((a, b) => b.value! - a.value!)
      .slice(0, 10);
    fill(this.tip, h("div", {}, dateTime(this.data.times[idx]!)), ...rows.map((row) => h("div", {}, key(row.line, row.place), `${row.line.label}: ${quantity(row.value, this.options.unit)}`)));
    const offset = plot.over.offsetLeft + left;
    const right = offset > this.width / 2;
    style(this.tip, { top: `${Math.max(0, top - 10)}px`, left: right ? "auto" : `${offset + 14}px`, right: right ? `${this.width - offset + 14}px` : "auto" });
  }

  private select(plot: uPlot): void {
    if (plot.select.width < 5) return;
    const from = plot.posToVal(plot.select.left, "x");
    const to = plot.posToVal(plot.select.left + plot.select.width, "x");
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.options.onselect?.(from, to);
  }

  private describe(): void {
    const { lines, thresholds = [] } = this.data;
    const values = lines.slice(0, 10).map((line) => `${line.label} ${quantity(last(line), this.options.unit)}`);
    const limits = thresholds.map((threshold) => threshold.label ?? `${threshold.level} at ${quantity(threshold.value, this.options.unit)}`);
    this.plot.setAttribute("aria-label", [this.options.label, values.join(", ") || "no data", ...limits].join("; "));
    if (this.options.legend === false) return;
    fill(this.legend, ...lines.slice(0, 30).map((line, place) => h("li", {}, key(line, place), `${line.label} `, h("b", {}, quantity(last(line), this.options.unit)))));
  }
}

/** The points without a neighbour, which a line would not show. */
function alone(values: (number | null)[]): number[] {
  return values.flatMap((value, place) => (value != null && values[place - 1] == null && values[place + 1] == null ? [place] : []));
}

function key(line: Line, place: number): HTMLElement {
  return style(h("span", { class: "chart-key", "aria-hidden": "true" }), { background: `var(--${colourOf(line, place)})` });
}

function tick(at: number, step: number): string {
  const text = dateTime(at);
  if (step >= 86400 || text.endsWith("00:00:00")) return text.slice(5, 10);
  return step < 60 ? clock(at) : text.slice(11, 16);
}
