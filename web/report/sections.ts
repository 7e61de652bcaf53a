/** The parts of the report around the table: the verdict, the figures, classes of faults, scenarios and findings. */
import { h, type Child } from "../shared/dom";
import type { Report } from "./data";

export function verdict(report: Report): HTMLElement {
  return h(
    "header",
    { class: report.proven ? "verdict good" : "verdict bad" },
    h("p", { class: "muted" }, report.title),
    h("h1", {}, report.verdict),
    h("ul", { class: "figures" }, ...figures(report).map(([value, label]) => h("li", {}, h("b", {}, value), h("span", { class: "muted" }, label)))),
    report.problems.length ? h("ul", { class: "problems" }, ...report.problems.map((problem) => h("li", {}, problem))) : null,
    report.not_played.length ? h("p", { class: "muted" }, `Not played, since they were not recorded: ${report.not_played.join(", ")}.`) : null,
  );
}

function figures(report: Report): [string, string][] {
  const caught = sum(report.classes.map((row) => row.caught));
  const faults = caught + sum(report.classes.map((row) => row.survived));
  const expected = report.scenarios.filter((scenario) => !scenario.problems.length).length;
  const real = report.alerts.filter((alert) => alert.evidence.includes("real telemetry")).length;
  const rows: ([string, string] | null)[] = [
    report.classes.length || report.covered ? [`${report.covered} of ${report.alerts.length}`, "alerts fire in one scenario and stay quiet in another"] : null,
    [`${expected} of ${report.scenarios.length}`, "scenarios end as expected"],
    faults ? [`${((100 * caught) / faults).toFixed(1)} %`, `of ${faults} faults are noticed by a scenario`] : null,
    real ? [String(real), "alerts fire on telemetry that the running service emitted"] : null,
    ...Object.entries(report.noise.teams).map(([team, weekly]): [string, string] => [weekly.toFixed(2), `false notifications an ordinary week for ${team}`]),
    report.seconds ? [`${Math.round(report.seconds)} s`, "on the machine that wrote this"] : null,
  ];
  return rows.filter((row) => row !== null);
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function faultClasses(report: Report): Child {
  if (!report.classes.length) return null;
  const rows = report.classes.map((row) => {
    const total = row.caught + row.survived;
    const meter = h("meter", { min: 0, max: total || 1, value: row.caught, low: total * 0.8, high: total * 0.95, optimum: total, "aria-label": `${row.class}: ${row.caught} of ${total} caught` });
    return h("tr", {}, h("th", { scope: "row" }, row.class), h("td", {}, meter, ` ${(100 * row.share).toFixed(1)} %`), cell(row.caught), cell(row.survived), cell(row.equivalent));
  });
  return section("faults", "Faults by class", table(["Class", "Caught", "caught", "survive", "like the original"], rows), others(report));
}

function cell(value: number): HTMLElement {
  return h("td", { class: "number" }, value);
}

function others(report: Report): Child {
  if (!report.other_faults.length) return null;
  const faults = report.other_faults.map((fault) => h("li", {}, h("b", {}, fault.in), ` ${fault.fault} (${fault.class})`));
  return h("details", {}, h("summary", {}, `Surviving faults outside of alerts (${faults.length})`), h("ul", {}, ...faults));
}

export function findings(report: Report): Child {
  if (!report.findings.length) return null;
  const rows = report.findings.map((finding) => h("li", {}, h("span", { class: `state state-${finding.error ? "alert" : "warn"}` }, finding.kind), " ", h("b", {}, finding.alert), ` ${finding.text}`));
  return section("findings", "Findings", h("ul", { class: "plain" }, ...rows));
}

export function scenarios(report: Report): Child {
  if (!report.scenarios.length) return null;
  const rows = report.scenarios.map((scenario) => {
    const result = scenario.problems.length ? h("ul", { class: "problems" }, ...scenario.problems.map((problem) => h("li", {}, problem))) : h("span", { class: "state state-ok" }, "as expected");
    return h("tr", { id: `scenario-${scenario.scenario}` }, h("th", { scope: "row" }, h("b", {}, scenario.title), h("span", { class: "muted block" }, scenario.scenario)), h("td", {}, scenario.course), h("td", {}, scenario.telemetry), h("td", {}, result));
  });
  return section("scenarios", "Scenarios", table(["Failure", "Course", "Telemetry", "Result"], rows));
}

function section(id: string, title: string, ...children: Child[]): HTMLElement {
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

function table(titles: string[], rows: HTMLElement[]): HTMLElement {
  const head = h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)));
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)));
}
