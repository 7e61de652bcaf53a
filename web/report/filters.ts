/** The filters over the table of alerts, kept in one place and applied to each alert. */
import { h } from "../shared/dom";
import type { Alert } from "./data";

type Test = (alert: Alert) => boolean;

const RESULTS: Record<string, Test> = {
  "all alerts": () => true,
  "not proven": (alert) => alert.problems.length > 0,
  "a fault survives": (alert) => alert.faults.survived > 0,
  "notifies in ordinary weeks": (alert) => (alert.notifications_a_week ?? 0) > 0,
  "an undocumented rule": (alert) => alert.evidence.includes("an undocumented rule"),
};
const TELEMETRY: Record<string, Test> = {
  "any telemetry": () => true,
  "real telemetry": (alert) => alert.evidence.includes("real telemetry"),
  "simulated only": (alert) => !alert.evidence.includes("real telemetry"),
  "external only": (alert) => alert.evidence.includes("external telemetry"),
};

export interface Filters {
  element: HTMLElement;
  accepts: Test;
  reset: () => void;
}

export function filters(alerts: Alert[], onchange: () => void): Filters {
  const types = Object.fromEntries(
    ["any type", ...new Set(alerts.map((alert) => alert.type))].map((type, place): [string, Test] => [type, (alert) => place === 0 || alert.type === type]),
  );
  const search = h("input", { type: "search", placeholder: "name, query or scenario", "aria-label": "Search alerts", oninput: onchange });
  const choices = [RESULTS, TELEMETRY, types].map((tests, place) => ({
    tests,
    select: h("select", { "aria-label": ["Result", "Telemetry", "Monitor type"][place], onchange }, ...Object.keys(tests).map((name) => h("option", {}, name))),
  }));
  return {
    element: h("div", { class: "filters" }, search, ...choices.map((choice) => choice.select)),
    accepts: (alert) => contains(alert, search.value) && choices.every(({ tests, select }) => tests[select.value]!(alert)),
    reset: () => {
      search.value = "";
      for (const { select } of choices) select.selectedIndex = 0;
    },
  };
}

function contains(alert: Alert, text: string): boolean {
  const searched = [alert.alert, alert.name, alert.query, ...alert.fires_in, ...alert.quiet_in].join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => searched.includes(word));
}
