/** Widgets in a grid: what the screen shows is asked for and painted first, then the rest. */
import { post, type Json } from "../api";
import { fill, h } from "../../shared/dom";
import { empty } from "../parts";
import type { Range } from "../range";
import { change, queryTable, queryValue, timeseries, toplist } from "./graphs";
import { heatmap } from "./heatmap";
import { alertGraph, manageStatus, note, runWorkflow, slo, sloList, topologyMap } from "./objects";
import { funnel, listStream } from "./streams";
import type { Frame, Widget, WidgetKind } from "./widget";

const KINDS: Record<string, WidgetKind> = {
  alert_graph: alertGraph,
  change,
  funnel,
  heatmap,
  list_stream: listStream,
  manage_status: manageStatus,
  note,
  query_table: queryTable,
  query_value: queryValue,
  run_workflow: runWorkflow,
  slo,
  slo_list: sloList,
  timeseries,
  toplist,
  topology_map: topologyMap,
};

interface Box {
  element: HTMLElement;
  body: HTMLElement;
  widget: Widget;
}

function unknown(kind: string): WidgetKind {
  return () => ({ requests: [], draw: (body) => fill(body, empty(`Not drawn: ${kind}`)) });
}

/** A grid of widgets, with those of groups under their headings. */
export class Board {
  readonly element = h("div", { class: "board" });
  private readonly boxes: Box[] = [];

  constructor(definitions: Json[]) {
    this.place(definitions, this.element);
  }

  /** Ask for the data of all widgets and draw them; a refresh draws those on the screen alone. */
  async draw(range: Range, onselect: Frame["onselect"], refresh = false): Promise<void> {
    const frame = { range, onselect };
    const near = this.boxes.filter(({ element }) => onScreen(element));
    await this.drawSome(near, frame);
    performance.mark("widgets-on-screen");
    const rest = this.boxes.filter((box) => !near.includes(box));
    if (!refresh) void this.drawSome(rest, frame);
  }

  private async drawSome(boxes: Box[], frame: Frame): Promise<void> {
    const graphs = boxes.flatMap((box, place) => box.widget.requests.map((request, number) => ({ id: `${place}/${number}`, ...request })));
    const answers = graphs.length ? await post("/-/console/graphs", { start: frame.range.start, end: frame.range.end, graphs }) : {};
    await Promise.all(boxes.map((box, place) => this.drawBox(box, box.widget.requests.map((_, number) => answers[`${place}/${number}`]), frame)));
  }

  private async drawBox(box: Box, graphs: Json[], frame: Frame): Promise<void> {
    try {
      await box.widget.draw(box.body, graphs, frame);
    } catch (error) {
      fill(box.body, empty(`Not drawn: ${error instanceof Error ? error.message : error}`));
    }
    box.element.dataset.drawn = "";
  }

  private place(definitions: Json[], parent: HTMLElement): void {
    let grid: HTMLElement | null = null;
    for (const { definition } of definitions) {
      if (definition.type === "group") {
        const inside = h("section", { class: "group" }, h("h2", {}, definition.title ?? "Group"));
        parent.append(inside);
        this.place(definition.widgets ?? [], inside);
        grid = null;
        continue;
      }
      if (!grid) parent.append((grid = h("div", { class: "grid" })));
      grid.append(this.box(definition));
    }
  }

  private box(definition: Json): HTMLElement {
    const widget = (KINDS[definition.type] ?? unknown(definition.type))(definition);
    const body = h("div", { class: "widget-body" });
    const title = definition.title ? h("h3", {}, definition.title) : null;
    const element = h("article", { class: `widget widget-${definition.type}${widget.wide ? " widget-wide" : ""}` }, title, body);
    this.boxes.push({ element, body, widget });
    return element;
  }
}

function onScreen(element: HTMLElement): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -200 && top < innerHeight + 200;
}
