/** One timeline of cause and effect: the story in five steps, the service's numbers, the monitors, and all events. */
import { Chart, type Band, type ChartData, type Line, type Threshold } from "../shared/chart";
import { fill, h } from "../shared/dom";
import { clock, duration, quantity } from "../shared/format";
import { first, recovered, type Alert, type Kind, type Mark, type Scene } from "./scene";

const SYNC = "theater";
const STATE_NAMES = { ok: "OK", warn: "Warn", alert: "Alert", nodata: "No data" };
const EVENT_NAMES: Record<Kind, string> = {
  failure: "Failure",
  warn: "Warning",
  alert: "Alert",
  page: "Page",
  message: "Message",
  workflow: "Workflow",
  incident: "Incident",
  remediation: "Failure ends",
  recovery: "Recovery",
  resolved: "Page resolved",
  "no data": "No data",
};
const SHOWN_EVENTS = 60;

/** The text of the step that waits for an alert. */
export type Outlook = (scene: Scene) => string;

export class Timeline {
  private readonly story = h("ol", { class: "story", "aria-label": "Cause and effect" });
  private readonly charts: Record<"requests" | "tokens" | "cost" | "latency" | "monitor", Chart>;
  private readonly choice = h("select", { "aria-label": "Monitor that is drawn" });
  private readonly table = h("tbody");
  private readonly events = h("ol", { class: "events", "aria-label": "Events", tabindex: "0" });
  private readonly problems = h("p", { class: "muted problems" });
  private chosen = "";
  private scene: Scene | null = null;

  constructor(
    parent: Element,
    private readonly outlook: Outlook,
  ) {
    const lanes = h("div", { class: "lanes" });
    const lane = (title: string) => {
      const cell = h("section", { class: "lane" }, h("h3", {}, title));
      lanes.append(cell);
      return cell;
    };
    const monitor = h("section", { class: "lane wide" }, h("h3", {}, "Monitor ", this.choice));
    const empty: ChartData = { times: [], lines: [] };
    const height = 96;
    this.charts = {
      requests: new Chart(lane("Chats"), empty, { label: "Chats, answered and failed", height, display: "bars", sync: SYNC }),
      latency: new Chart(lane("Latency, p95"), empty, { label: "Latency of chats, p95", height, unit: "s", sync: SYNC }),
      tokens: new Chart(lane("Tokens"), empty, { label: "Tokens", height, display: "area", sync: SYNC }),
      cost: new Chart(lane("Cost"), empty, { label: "Cost at list prices", height, unit: "$", display: "area", sync: SYNC }),
      monitor: new Chart(monitor, empty, { label: "The monitor's series and its thresholds", height: 150, legend: false, sync: SYNC }),
    };
    lanes.append(monitor);
    const table = h("table", { class: "alerts" }, h("thead", {}, h("tr", {}, ...["Monitor", "State", "Value", "Threshold"].map((name) => h("th", { scope: "col" }, name)))), this.table);
    this.choice.onchange = () => {
      this.chosen = this.choice.value;
      if (this.scene) this.show(this.scene);
    };
    parent.append(this.story, lanes, table, h("h3", {}, "Events"), this.events, this.problems);
  }

  /** Draw a scene. */
  show(scene: Scene): void {
    this.scene = scene;
    fill(this.story, ...this.steps(scene));
    this.showNumbers(scene);
    this.showMonitor(scene);
    fill(this.table, ...scene.alerts.map(row));
    fill(this.events, ...scene.marks.slice(-SHOWN_EVENTS).reverse().map((mark) => event(mark, scene)));
    this.problems.textContent = scene.problems.join(" ");
  }

  private steps(scene: Scene): HTMLElement[] {
    const alert = first(scene, "alert");
    const end = recovered(scene);
    const told = first(scene, "page") ?? first(scene, "message");
    const workflow = first(scene, "workflow");
    const quiet = end ? "nobody was paged" : "";
    return [
      step("failure", "Failure", first(scene, "failure"), "press a button", scene),
      step("alert", "Alert", alert, scene.began === null ? "" : this.outlook(scene), scene),
      step("page", told?.kind === "message" ? "Message" : "Page", told, quiet, scene),
      step("workflow", "Workflow", workflow, end ? "none was started" : "", scene),
      step("recovery", "Recovery", end, alert ? "not yet" : "", scene),
    ];
  }

  private showNumbers(scene: Scene): void {
    const { numbers, from, to } = scene;
    const common = { times: numbers.times, from, to, bands: failureBand(scene) };
    const draw = (name: keyof typeof this.charts, ...lines: Line[]) => {
      const some = lines.some((line) => line.values.some((value) => value !== null));
      this.charts[name].update(some ? { ...common, lines } : { times: [], lines: [] });
    };
    draw("requests", { label: "failed", values: numbers.failed, colour: "alert" }, { label: "answered", values: numbers.answered, colour: "ok" });
    draw("latency", { label: "p95", values: numbers.latency });
    draw("tokens", { label: "tokens", values: numbers.tokens });
    draw("cost", { label: "dollars", values: numbers.cost });
  }

  private showMonitor(scene: Scene): void {
    const drawn = scene.alerts.filter((alert) => alert.series !== null);
    const keys = drawn.map((alert) => alert.key).join();
    if (this.choice.dataset.keys !== keys) {
      this.choice.dataset.keys = keys;
      fill(this.choice, ...drawn.map((alert) => h("option", { value: alert.key }, alert.title)));
      if (!drawn.some((alert) => alert.key === this.chosen)) this.chosen = drawn[0]?.key ?? "";
      this.choice.value = this.chosen;
    }
    this.choice.hidden = !drawn.length;
    const alert = drawn.find((candidate) => candidate.key === this.chosen);
    if (!alert?.series) {
      this.charts.monitor.update({ times: [], lines: [] });
      return;
    }
    this.charts.monitor.update({
      times: alert.series.times,
      lines: [{ label: alert.title, values: alert.series.values }],
      thresholds: thresholds(alert),
      bands: stateBands(scene, alert.key),
      from: scene.from,
      to: scene.to,
    });
  }
}

function thresholds(alert: Alert): Threshold[] {
  const levels: Threshold[] = [];
  if (alert.critical !== null) levels.push({ value: Number(alert.critical), level: "alert", label: `alert above ${alert.critical}` });
  if (alert.warning !== null) levels.push({ value: Number(alert.warning), level: "warn" });
  return levels;
}

/** The stretch in which the failure lasts. */
function failureBand(scene: Scene): Band[] {
  if (scene.began === null) return [];
  return [{ from: scene.began, to: first(scene, "remediation")?.at ?? scene.now, level: "nodata" }];
}

/** The stretches in which an alert was in warning or alert. */
function stateBands(scene: Scene, key: string): Band[] {
  const bands: Band[] = [];
  const changes = scene.marks.filter((mark) => mark.alert === key && ["alert", "warn", "recovery", "no data"].includes(mark.kind));
  changes.forEach((mark, place) => {
    const to = changes[place + 1]?.at ?? scene.now;
    if (mark.kind === "alert" || mark.kind === "warn") bands.push({ from: mark.at, to, level: mark.kind });
  });
  return bands;
}

function step(key: string, name: string, mark: Mark | undefined, waiting: string, scene: Scene): HTMLElement {
  const item = h("li", { class: mark ? "reached" : "waiting", "data-step": key }, h("b", {}, name));
  if (mark) item.append(h("span", { class: "when" }, when(mark.at, scene)), h("span", {}, mark.text));
  else item.append(h("span", { class: "muted" }, waiting));
  return item;
}

/** The time of day, and the time since the failure. */
function when(at: number, scene: Scene): string {
  if (scene.began === null || at === scene.began) return clock(at);
  return `${clock(at)}, ${at > scene.began ? "+" : ""}${duration(Math.round(at - scene.began))}`;
}

function row(alert: Alert): HTMLElement {
  const values = alert.series?.values.filter((value) => value !== null) ?? [];
  return h(
    "tr",
    { "data-alert": alert.key },
    h("th", { scope: "row" }, alert.title),
    h("td", {}, h("span", { class: `state state-${alert.state}` }, STATE_NAMES[alert.state])),
    h("td", {}, quantity(values.at(-1))),
    h("td", {}, quantity(alert.critical === null ? null : Number(alert.critical))),
  );
}

function event(mark: Mark, scene: Scene): HTMLElement {
  return h("li", { class: `event-${mark.kind.replace(" ", "-")}` }, h("span", { class: "when" }, when(mark.at, scene)), h("b", {}, EVENT_NAMES[mark.kind]), h("span", {}, mark.text));
}
