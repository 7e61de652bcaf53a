/** What a widget is: the graphs that it needs from the sandbox, and how it draws them. */
import type { Json } from "../api";
import type { Range } from "../range";

/** A request of `POST /-/console/graphs`. */
export interface GraphRequest {
  kind: "timeseries" | "scalar" | "heatmap";
  queries: Json[];
  formulas: string[];
  /** About how many points a line has at most; a bar needs more room than a point. */
  points?: number;
}

/** An answer: lines (`start`, `seconds`, `length`, `series`), a heat map, or an `error`. */
export type Graph = Json;

export interface Frame {
  range: Range;
  /** Called when a person selects a range of time in a chart. */
  onselect: (from: number, to: number) => void;
}

/** A widget in its box; `draw` is called again with each answer. */
export interface Widget {
  requests: GraphRequest[];
  wide?: boolean;
  draw(body: HTMLElement, graphs: Graph[], frame: Frame): Promise<void> | void;
}

export type WidgetKind = (definition: Json) => Widget;

/** Name of a group: `model:a, outcome:ok`, or the formula's own name where there is no group. */
export function groupName(group: Record<string, string>, fallback: string): string {
  return Object.values(group).join(", ") || fallback;
}

/** The names of a request's formulas: the alias, or the text, without an algorithm that is left out. */
export function formulaNames(request: Json): string[] {
  return (request.formulas ?? []).map((formula: Json) => formula.alias ?? formula.formula.replace(/^(?:forecast|anomalies|outliers)\((\w+),.*$/, "$1"));
}
