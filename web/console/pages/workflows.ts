/** Workflows: the list, and one with its steps and the runs with the result of each step. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { empty, heading, moment, properties, redraw, seconds, section, stateBadge, table } from "../parts";
import type { Page } from "../router";

export const workflows: Page = async ({ root, title }) => {
  title("Workflows");
  const { data } = await get("/api/v2/workflows", { limit: 100 });
  root.append(heading("Workflows"), table("Workflows", [
    { name: "Workflow", cell: (row: Json) => h("a", { href: `/workflow/${row.id}` }, row.attributes.name) },
    { name: "Handle", cell: (row) => (row.attributes.spec?.handle ? `@workflow-${row.attributes.spec.handle}` : "–") },
    { name: "Description", kind: "wide", cell: (row) => row.attributes.description ?? "" },
  ], data, "No workflow yet."));
};

export const workflow: Page = async ({ root, params, query, title }) => {
  const id = params[0]!;
  const { data } = await get(`/api/v2/workflows/${id}`);
  const own = data.attributes;
  title(own.name);
  const runs = h("div");
  root.append(
    heading(own.name),
    h("p", {}, own.description ?? ""),
    section("Steps", h("ol", {}, ...(own.spec?.steps ?? []).map((step: Json) => h("li", {}, h("b", {}, step.name), ` ${step.display?.name ?? ""} `, h("code", {}, step.actionId))))),
    section("Runs", runs),
  );
  const refresh = async (): Promise<void> => {
    const open = new Set([...runs.querySelectorAll("details[open]")].map((each) => each.id));
    const list = await get(`/api/v2/workflows/${id}/instances`, { "page[size]": 30 });
    const wanted = query.get("run") ?? list.data[0]?.id;
    const details = await Promise.all(list.data.map((each: Json) => get(`/api/v2/workflows/${id}/instances/${each.id}`)));
    redraw(runs, details.length ? details.map((each) => run(each.data, (key) => open.has(key) || (!open.size && key === wanted))) : empty("It has not run yet."));
  };
  await refresh();
  return refresh;
};

function run(data: Json, open: (id: string) => boolean): HTMLElement {
  const own = data.attributes;
  const status = own.instanceStatus?.detailsKind ?? own.status ?? "";
  return h("details", { class: "event", id: data.id, open: open(data.id) },
    h("summary", {}, moment(seconds(own.startTimestamp ?? own.created)), stateBadge(status.toLowerCase()), h("span", { class: "event-cell" }, own.trigger ?? "")),
    h("div", { class: "event-body" },
      properties([["Inputs", h("code", {}, JSON.stringify(own.inputs ?? own.input ?? {}))]]),
      table("Steps of the run", [
        { name: "Step", cell: (row: Json) => row.name ?? row.step },
        { name: "Status", cell: (row) => stateBadge(String(row.status ?? "").toLowerCase()) },
        { name: "Started", cell: (row) => moment(seconds(row.started ?? row.start)) },
        { name: "Result", kind: "wide", cell: (row) => h("code", { class: "query" }, row.error ? String(row.error) : JSON.stringify(row.output ?? row.outputs ?? null)) },
      ], own.steps ?? [], "No step ran."),
    ),
  );
}
