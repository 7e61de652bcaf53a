/** The table of alerts: one a row, with a sparkline; a row opens to the plot. */
import { fill, h, type Child } from "../shared/dom";
import type { Alert, Report } from "./data";
import { detail } from "./detail";
import { filters } from "./filters";
import { sparkline } from "./plot";

interface Column {
  title: string;
  cell: (alert: Alert) => Child;
  /** What rows are sorted by, ascending; without it the column does not sort. */
  order?: (alert: Alert) => number | string;
  class?: string;
}

const share = (alert: Alert): number => alert.faults.caught / Math.max(1, alert.faults.caught + alert.faults.survived);

const COLUMNS: Column[] = [
  { title: "Alert", cell: () => null, order: (alert) => alert.alert },
  { title: "In a scenario", cell: (alert) => (alert.plays[0] ? sparkline(alert.plays[0].plot) : "no plot"), class: "spark" },
  { title: "Fires in", cell: (alert) => alert.fires_in.length, order: (alert) => -alert.fires_in.length, class: "number" },
  { title: "Quiet in", cell: (alert) => alert.quiet_in.length, order: (alert) => -alert.quiet_in.length, class: "number" },
  { title: "Faults caught", cell: caught, order: share },
  { title: "False a week", cell: (alert) => alert.notifications_a_week?.toFixed(2) ?? "–", order: (alert) => -(alert.notifications_a_week ?? 0), class: "number" },
  { title: "Evidence", cell: (alert) => alert.evidence.map((text) => h("span", { class: "tag" }, text)), class: "evidence" },
];

function caught(alert: Alert): Child {
  const total = alert.faults.caught + alert.faults.survived;
  if (!total) return "–";
  return [
    h("meter", { min: 0, max: total, value: alert.faults.caught, low: total * 0.8, high: total * 0.95, optimum: total, "aria-label": `${alert.faults.caught} of ${total} faults caught` }),
    ` ${alert.faults.caught} of ${total}`,
  ];
}

export function alertTable(report: Report): HTMLElement {
  const columns = report.alerts.some((alert) => alert.fires_in.length) ? COLUMNS : COLUMNS.slice(0, 2);
  const rows = report.alerts.map((alert) => new Row(alert, columns));
  const body = h("tbody");
  const count = h("p", { class: "muted", role: "status" });
  let order: Column | null = null;
  const update = (): void => {
    const shown = rows.filter((row) => filter.accepts(row.alert));
    const key = order?.order;
    if (key) shown.sort((a, b) => compare(key(a.alert), key(b.alert)));
    fill(body, ...shown.map((row) => [row.element, row.opened]));
    count.textContent = `${shown.length} of ${rows.length} alerts. Choose a row for its plot.`;
  };
  const filter = filters(report.alerts, update);
  const headers = columns.map((column) => {
    const header = h("th", { scope: "col", class: column.class });
    if (!column.order) fill(header, column.title);
    else {
      const sort = (): void => {
        order = order === column ? null : column;
        headers.forEach((other, place) => (columns[place] === order ? other.setAttribute("aria-sort", "ascending") : other.removeAttribute("aria-sort")));
        update();
      };
      fill(header, h("button", { type: "button", class: "sort", onclick: sort }, column.title));
    }
    return header;
  });
  const open = (): void => {
    const row = rows.find((candidate) => `#${candidate.alert.alert}` === decodeURIComponent(location.hash));
    if (!row) return;
    if (!filter.accepts(row.alert)) {
      filter.reset();
      update();
    }
    row.toggle(true);
    row.element.scrollIntoView({ block: "start" });
  };
  update();
  addEventListener("hashchange", open);
  requestAnimationFrame(open);
  return h("section", { "aria-labelledby": "alerts" }, h("h2", { id: "alerts" }, "Alerts"), filter.element, count, h("div", { class: "scroll" }, h("table", { class: "alerts" }, h("thead", {}, h("tr", {}, ...headers)), body)));
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A row, and the row below it that holds the detail while it is open. */
class Row {
  readonly element: HTMLTableRowElement;
  opened: HTMLTableRowElement | null = null;
  private readonly button: HTMLButtonElement;

  constructor(
    readonly alert: Alert,
    private readonly columns: Column[],
  ) {
    this.button = h("button", { type: "button", class: "open", "aria-expanded": "false" }, h("b", {}, alert.alert), h("span", { class: "muted" }, alert.name));
    const mark = alert.problems.length ? h("span", { class: "state state-alert" }, "not proven") : null;
    const cells = columns.slice(1).map((column) => h("td", { class: column.class }, column.cell(alert)));
    this.element = h("tr", { id: `row-${alert.alert}`, class: "row", onclick: () => this.toggle() }, h("th", { scope: "row" }, this.button, mark), ...cells);
  }

  toggle(open = this.opened === null): void {
    if (open === (this.opened !== null)) return;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) {
      this.opened = h("tr", { class: "opened" }, h("td", { colspan: this.columns.length }, detail(this.alert)));
      this.element.after(this.opened);
    } else {
      this.opened?.remove();
      this.opened = null;
    }
  }
}
