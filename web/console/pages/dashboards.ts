/** The list of dashboards, and a dashboard with live data. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { heading, moment, seconds, table } from "../parts";
import { withRange } from "../range";
import type { Page } from "../router";
import { Board } from "../widgets/board";
import { applied, chosen, controls } from "../widgets/variables";

export const dashboards: Page = async ({ root, title }) => {
  title("Dashboards");
  const answer = await get("/api/v1/dashboard");
  root.append(
    heading("Dashboards"),
    table("Dashboards", [
      { name: "Dashboard", cell: (row: Json) => h("a", { href: `/dashboard/${row.id}` }, row.title) },
      { name: "Question", kind: "wide", cell: (row) => row.description ?? "" },
      { name: "Author", cell: (row) => row.author_handle },
      { name: "Modified", cell: (row) => moment(seconds(row.modified_at)) },
    ], answer.dashboards, "No dashboard yet: firedrill up declares them."),
  );
};

export const dashboard: Page = async ({ root, params, query, range, title, go }) => {
  const definition = await get(`/api/v1/dashboard/${params[0]}`);
  title(definition.title);
  const variables = definition.template_variables ?? [];
  const choice = chosen(variables, query);
  const place = h("div");
  const board = new Board(applied(definition.widgets, variables, choice));
  const select = (from: number, to: number): void => go(withRange(new URL(location.href), from, to));
  root.append(heading(definition.title, place), h("p", { class: "muted" }, definition.description ?? ""), board.element);
  await board.draw(range(), select);
  void controls(variables, choice, (name, value) => {
    const next = new URL(location.href);
    next.searchParams.set(`tpl_var_${name}`, value);
    go(next.pathname + next.search);
  }).then((element) => place.replaceWith(element));
  return () => board.draw(range(), select, true);
};
