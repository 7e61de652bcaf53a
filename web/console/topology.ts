/** The service map as a drawing: services in columns by their distance from the callers, lines for their calls. */
import type { Json } from "./api";
import { h, svg } from "../shared/dom";
import { duration, number } from "../shared/format";
import { empty, table } from "./parts";

const BOX = { width: 170, height: 54 };
const GAP = { x: 170, y: 26 };

interface Placed {
  node: Json;
  x: number;
  y: number;
}

/** The map of all services, or of those that one service calls or is called by. */
export function topology(map: Json, service = ""): HTMLElement {
  const edges: Json[] = map.edges.filter((edge: Json) => !service || edge.from === service || edge.to === service);
  const names = new Set<string>(service ? [service, ...edges.flatMap((edge) => [edge.from, edge.to])] : map.nodes.map((node: Json) => node.name));
  const nodes: Json[] = map.nodes.filter((node: Json) => names.has(node.name));
  if (!nodes.length) return empty("No spans in this time range.");
  const places = arrange(nodes, edges);
  const width = Math.max(...[...places.values()].map((place) => place.x)) + BOX.width + 8;
  const height = Math.max(...[...places.values()].map((place) => place.y)) + BOX.height + 8;
  const said = edges.map((edge) => `${edge.from} calls ${edge.to}`).join(", ");
  return h(
    "div",
    { class: "topology", tabindex: 0, role: "region", "aria-label": "Service map" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `Service map: ${said || "no calls between services"}` },
      ...edges.map((edge) => line(edge, places.get(edge.from)!, places.get(edge.to)!)),
      ...[...places.values()].map((place) => box(place, edges)),
    ) as unknown as Node,
  );
}

/** The calls between services as a table. */
export function callTable(map: Json): HTMLElement {
  return table(
    "Calls between services",
    [
      { name: "From", cell: (row: Json) => row.from },
      { name: "To", cell: (row) => row.to },
      { name: "Calls", kind: "number", cell: (row) => number(row.calls) },
      { name: "Errors", kind: "number", cell: (row) => number(row.errors) },
      { name: "p95", kind: "number", cell: (row) => duration(row.p95) },
    ],
    map.edges,
    "No service calls another in this time range.",
  );
}

function arrange(nodes: Json[], edges: Json[]): Map<string, Placed> {
  const column = new Map<string, number>(nodes.map((node) => [node.name, 0]));
  for (let round = 0; round < nodes.length; round++)
    for (const edge of edges) if (edge.from !== edge.to && column.get(edge.to)! <= column.get(edge.from)! && column.get(edge.from)! < nodes.length) column.set(edge.to, column.get(edge.from)! + 1);
  const filledTo = new Map<number, number>();
  const tallest = Math.max(...[...column.values()].map((x) => [...column.values()].filter((other) => other === x).length));
  return new Map(
    nodes.map((node) => {
      const x = column.get(node.name)!;
      const row = filledTo.get(x) ?? 0;
      const count = [...column.values()].filter((other) => other === x).length;
      filledTo.set(x, row + 1);
      const offset = ((tallest - count) * (BOX.height + GAP.y)) / 2;
      return [node.name, { node, x: 4 + x * (BOX.width + GAP.x), y: 4 + offset + row * (BOX.height + GAP.y) }];
    }),
  );
}

function line(edge: Json, from: Placed, to: Placed): SVGElement {
  const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + BOX.height / 2, to.x, to.y + BOX.height / 2];
  const middle = (x1 + x2) / 2;
  return svg("g", {},
    svg("path", { d: `M ${x1} ${y1} C ${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`, class: edge.errors ? "edge edge-errors" : "edge" }, svg("title", {}, `${edge.from} → ${edge.to}: ${edge.calls} calls, ${edge.errors} errors, p95 ${duration(edge.p95)}`)),
    svg("text", { x: x2 - 6, y: y2 - 6, class: "edge-text", "text-anchor": "end" }, duration(edge.p95)),
  );
}

function box({ node, x, y }: Placed, edges: Json[]): SVGElement {
  const incoming = edges.filter((edge) => edge.to === node.name);
  const calls = node.calls || incoming.reduce((sum, edge) => sum + edge.calls, 0);
  const errors = node.calls ? node.errors : incoming.reduce((sum, edge) => sum + edge.errors, 0);
  return svg("g", { class: errors ? "node node-errors" : "node" },
    svg("rect", { x, y, width: BOX.width, height: BOX.height, rx: 8 }),
    svg("text", { x: x + 12, y: y + 22, class: "node-name" }, node.name.length > 20 ? `${node.name.slice(0, 19)}…` : node.name),
    svg("text", { x: x + 12, y: y + 41, class: "node-detail" }, `${number(calls)} calls, ${calls ? number((100 * errors) / calls) : 0} % errors`),
  );
}
