/** The heat map of a distribution, on a canvas. */
import { fill, h } from "../../shared/dom";
import { clock, duration, number } from "../../shared/format";
import { empty } from "../parts";
import { remarks } from "./graphs";
import type { Graph, WidgetKind } from "./widget";

const HEIGHT = 170;
const MARGIN = { left: 56, bottom: 22, top: 6, right: 6 };

export const heatmap: WidgetKind = (definition) => {
  let shown: Graph | null = null;
  const canvas = h("canvas", { role: "img" });
  const repaint = (): void => {
    if (shown?.edges?.length && canvas.isConnected) paint(canvas, shown);
  };
  new ResizeObserver(repaint).observe(canvas);
  addEventListener("themechange", repaint);
  const request = definition.requests[0];
  return {
    requests: [{ kind: "heatmap", queries: [request.query ?? request.queries?.[0] ?? {}], formulas: [] }],
    draw(body, [graph]) {
      shown = graph;
      if (!graph.edges?.length) {
        fill(body, ...(graph.error ? remarks([graph]) : [empty("No data in this time range")]));
        return;
      }
      canvas.setAttribute("aria-label", `${definition.title}: ${number(total(graph))} values between ${duration(graph.edges[0])} and ${duration(graph.edges.at(-1))}`);
      if (!canvas.isConnected) fill(body, canvas);
      repaint();
    },
  };
};

function total(graph: Graph): number {
  return graph.counts.flat().reduce((sum: number, count: number) => sum + count, 0);
}

function paint(canvas: HTMLCanvasElement, graph: Graph): void {
  const width = canvas.clientWidth;
  if (!width) return;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const ctx = canvas.getContext("2d")!;
  ctx.scale(scale, scale);
  const css = getComputedStyle(document.documentElement);
  const { counts, edges, times } = graph;
  const most = Math.max(1, ...counts.flat());
  const cell = { width: (width - MARGIN.left - MARGIN.right) / counts.length, height: (HEIGHT - MARGIN.top - MARGIN.bottom) / (edges.length - 1) };
  ctx.fillStyle = css.getPropertyValue("--series-1");
  counts.forEach((column: number[], x: number) =>
    column.forEach((count, y) => {
      if (!count) return;
      ctx.globalAlpha = 0.15 + 0.85 * Math.sqrt(count / most);
      ctx.fillRect(MARGIN.left + x * cell.width, HEIGHT - MARGIN.bottom - (y + 1) * cell.height, Math.max(1, cell.width - 0.5), Math.max(1, cell.height - 0.5));
    }),
  );
  ctx.globalAlpha = 1;
  ctx.fillStyle = css.getPropertyValue("--muted");
  ctx.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = "right";
  for (let y = 0; y < edges.length; y += 6) ctx.fillText(duration(edges[y]), MARGIN.left - 6, HEIGHT - MARGIN.bottom - y * cell.height + 3);
  ctx.textAlign = "center";
  const every = Math.max(1, Math.ceil(counts.length / Math.max(2, width / 110)));
  for (let x = 0; x < counts.length; x += every) ctx.fillText(clock(times[x]).slice(0, 5), MARGIN.left + (x + 0.5) * cell.width, HEIGHT - 6);
}
