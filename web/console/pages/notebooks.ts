/** Notebooks: the list, and one with its cells drawn. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { heading, moment, seconds, table } from "../parts";
import { withRange } from "../range";
import type { Page } from "../router";
import { Board } from "../widgets/board";

export const notebooks: Page = async ({ root, title }) => {
  title("Notebooks");
  const { data } = await get("/api/v1/notebooks", { count: 100 });
  root.append(heading("Notebooks"), table("Notebooks", [
    { name: "Notebook", kind: "wide", cell: (row: Json) => h("a", { href: `/notebook/${row.id}` }, row.attributes.name) },
    { name: "Type", cell: (row) => (row.attributes.metadata?.is_template ? "template" : (row.attributes.metadata?.type ?? "–")) },
    { name: "Author", cell: (row) => row.attributes.author?.name ?? "–" },
    { name: "Modified", cell: (row) => moment(seconds(row.attributes.modified)) },
  ], data, "No notebook yet."));
};

export const notebook: Page = async ({ root, params, range, title, go }) => {
  const { data } = await get(`/api/v1/notebooks/${params[0]}`);
  const own = data.attributes;
  title(own.name);
  const board = new Board(own.cells.map((cell: Json) => ({ definition: asWidget(cell.attributes.definition) })));
  board.element.classList.add("notebook");
  const select = (from: number, to: number): void => go(withRange(new URL(location.href), from, to));
  root.append(heading(own.name), board.element);
  const usual = own.time?.live_span;
  await board.draw(range(usual), select);
  return () => board.draw(range(usual), select, true);
};

/** A cell's definition as that of a dashboard's widget: Markdown is a note, log lines are a list. */
function asWidget(definition: Json): Json {
  if (definition.type === "markdown") return { type: "note", content: definition.text };
  if (definition.type === "log_stream") {
    const columns = ["timestamp", "service", "message"].map((field) => ({ field }));
    return { type: "list_stream", title: definition.title, requests: [{ query: { data_source: "logs_stream", query_string: definition.query }, columns }] };
  }
  return definition;
}
