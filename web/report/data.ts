/** The data in the page, as firedrill/prove/report/page.py writes it. Times of a plot are minutes after the failure. */

export type Status = "ALERT" | "WARN" | "NO DATA";

export interface PlotEvent {
  at: number;
  state: Status | "OK" | "PAGE";
  text: string;
  to: string[];
}

export interface Plot {
  remediation: number;
  minutes: number[];
  series: { group: string; values: (number | null)[] }[];
  groups: number;
  thresholds: Record<string, number>;
  states: { group: string; spans: [number, number, Status][] }[];
  events: PlotEvent[];
}

export interface Play {
  scenario: string;
  title: string;
  telemetry: "real" | "simulated";
  course: string;
  expected: string;
  result: string;
  fired: boolean;
  plot: Plot;
}

export interface Counts {
  caught: number;
  survived: number;
  equivalent: number;
}

export interface Alert {
  alert: string;
  name: string;
  type: string;
  query: string;
  fires_in: string[];
  quiet_in: string[];
  faults: Counts;
  survived: string[];
  equivalent: string[];
  notifications_a_week: number | null;
  evidence: string[];
  problems: string[];
  plays: Play[];
}

export interface Scenario {
  scenario: string;
  title: string;
  course: string;
  telemetry: "real" | "simulated";
  problems: string[];
}

export interface Report {
  title: string;
  proven: boolean;
  verdict: string;
  summary: string;
  seconds: number;
  covered: number;
  problems: string[];
  alerts: Alert[];
  classes: ({ class: string; share: number } & Counts)[];
  other_faults: { in: string; fault: string; class: string }[];
  scenarios: Scenario[];
  not_played: string[];
  noise: { weeks: number; teams: Record<string, number> };
  findings: { alert: string; kind: string; text: string; error: boolean }[];
}

export function read(): Report {
  return JSON.parse(document.getElementById("data")!.textContent!) as Report;
}
