/** The list of monitors, the triggered ones first. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { monitorLink } from "../links";
import { heading, level, moment, redraw, seconds, stateBadge, table } from "../parts";
import type { Page } from "../router";

const ORDER = ["alert", "warn", "nodata", "ok"];

/** Whether a monitor has each word of a search: `status:alert`, `tag:value`, or a part of its name. */
export function matches(monitor: Json, search: string): boolean {
  return search.split(/\s+/).filter(Boolean).every((word) => {
    const plain = word.toLowerCase();
    if (plain.startsWith("status:")) return level(monitor.overall_state) === level(plain.slice(7));
    return monitor.name.toLowerCase().includes(plain) || (monitor.tags ?? []).some((tag: string) => tag.toLowerCase() === plain);
  });
}

/** Monitors by severity of their state, then by priority. */
export function bySeverity(monitors: Json[]): Json[] {
  const rank = (monitor: Json): number => ORDER.indexOf(level(monitor.overall_state)) * 10 + (monitor.priority ?? 6);
  return [...monitors].sort((a, b) => rank(a) - rank(b));
}

export function monitorTable(monitors: Json[]): HTMLElement {
  return table(
    "Monitors",
    [
      { name: "State", cell: (row: Json) => stateBadge(row.overall_state) },
      { name: "Monitor", kind: "wide", cell: (row) => h("a", { href: monitorLink(row.id) }, row.name) },
      { name: "Priority", cell: (row) => (row.priority ? `P${row.priority}` : "–") },
      { name: "Type", cell: (row) => row.type },
      { name: "Since", cell: (row) => moment(seconds(row.overall_state_modified)) },
    ],
    monitors,
    "No monitor matches.",
  );
}

export const monitors: Page = async ({ root, query, title }) => {
  title("Monitors");
  const list = h("div");
  const counts = h("p", { class: "counts", role: "status" });
  const search = h("input", { type: "search", value: query.get("query") ?? "", placeholder: "status:alert, service:llm-api, a word of the name", "aria-label": "Search monitors" });
  let all: Json[] = [];
  const draw = (): void => {
    const shown = bySeverity(all.filter((monitor) => matches(monitor, search.value)));
    const number = (name: string): number => shown.filter((monitor) => level(monitor.overall_state) === name).length;
    redraw(counts, `${shown.length} monitors: ${number("alert")} alert, ${number("warn")} warn, ${number("nodata")} no data, ${number("ok")} OK`);
    redraw(list, monitorTable(shown));
  };
  search.addEventListener("input", draw);
  const refresh = async (): Promise<void> => {
    all = await get("/api/v1/monitor");
    draw();
  };
  root.append(heading("Monitors", search), counts, list);
  await refresh();
  return refresh;
};

