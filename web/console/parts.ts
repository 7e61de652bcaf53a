/** What most pages are made of: headings, tables, states, tags, lists of properties. */
import { fill, h, type Child } from "../shared/dom";
import { dateTime, relative } from "../shared/format";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => Child;
  /** A class of its cells: `number`, `wide`. */
  kind?: string;
}

const STATES: Record<string, string> = {
  ok: "ok", live: "ok", succeeded: "ok", passed: "ok", resolved: "ok", success: "ok", completed: "ok", pass: "ok",
  warn: "warn", warning: "warn", acknowledged: "warn", running: "warn", stable: "warn", queued: "warn",
  alert: "alert", error: "alert", failed: "alert", active: "alert", triggered: "alert", breached: "alert", critical: "alert", fail: "alert", emergency: "alert",
}; // prettier-ignore

/** The level of a state's colour. */
export function level(state: string | null | undefined): "ok" | "warn" | "alert" | "nodata" {
  return (STATES[(state ?? "").toLowerCase()] as "ok" | undefined) ?? "nodata";
}

/** A state as a coloured word. */
export function stateBadge(state: string | null | undefined): HTMLElement {
  return h("span", { class: `state state-${level(state)}` }, state || "Not evaluated");
}

/** A time, with its distance from now on hover. */
export function moment(seconds: number | null | undefined): Child {
  if (!seconds) return h("span", { class: "muted" }, "–");
  return h("time", { datetime: new Date(seconds * 1000).toISOString(), title: relative(seconds) }, dateTime(seconds));
}

/** Epoch seconds of an ISO time, of milliseconds or of seconds. */
export function seconds(value: string | number | null | undefined): number {
  if (typeof value === "string") return Date.parse(value) / 1000;
  return value ? (value > 1e11 ? value / 1000 : value) : 0;
}

export function heading(text: string, ...rest: Child[]): HTMLElement {
  return h("header", { class: "page-head" }, h("h1", {}, text), ...rest);
}

export function section(title: string, ...children: Child[]): HTMLElement {
  return h("section", { class: "card" }, h("h2", {}, title), ...children);
}

export function empty(text: string): HTMLElement {
  return h("p", { class: "muted empty" }, text);
}

export function tags(all: string[] | null | undefined): HTMLElement {
  return h("span", { class: "tags" }, ...(all ?? []).map((tag) => h("code", { class: "tag" }, tag)));
}

/** Names and values in two columns. */
export function properties(entries: [string, Child][]): HTMLElement {
  return h("dl", { class: "properties" }, ...entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** A table that scrolls sideways where it does not fit, and a sentence where it has no rows. */
export function table<Row>(caption: string, columns: Column<Row>[], rows: Row[], none = "Nothing here."): HTMLElement {
  if (!rows.length) return empty(none);
  return h(
    "div",
    { class: "table", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col", class: column.kind ?? null }, column.name)))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...columns.map((column) => h("td", { class: column.kind ?? null }, column.cell(row)))))),
    ),
  );
}

/** Draw again without losing the keyboard's place: the link or control with the same name gets the focus back. */
export function redraw(parent: HTMLElement, ...children: Child[]): void {
  const focused = document.activeElement;
  const name = focused && parent.contains(focused) ? focusName(focused) : null;
  const scroll = [...parent.querySelectorAll<HTMLElement>(".table")].map((box) => box.scrollLeft);
  fill(parent, ...children);
  parent.querySelectorAll<HTMLElement>(".table").forEach((box, place) => (box.scrollLeft = scroll[place] ?? 0));
  if (name) [...parent.querySelectorAll<HTMLElement>("a, button, [tabindex]")].find((each) => focusName(each) === name)?.focus({ preventScroll: true });
}

function focusName(element: Element): string {
  return element.getAttribute("href") ?? element.getAttribute("aria-label") ?? element.textContent ?? "";
}
