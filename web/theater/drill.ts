/** The recorded drill of a failure: the stack's alerts, evaluated on what the running service emitted in it. */
import type { Level } from "../shared/chart";
import type { Alert, Kind, Mark, Numbers, Scene, Series } from "./scene";

interface DrillEvent {
  at: number;
  kind: Level | "page" | "message" | "workflow" | "resolved";
  text: string;
}

export interface Drill {
  title: string;
  start: number;
  remediation: number;
  end: number;
  numbers: Numbers;
  alerts: { key: string; title: string; critical: number | null; warning: number | null; fired: number | null; series: Series | null; events: DrillEvent[] }[];
  others: string[];
}

const KINDS: Record<DrillEvent["kind"], Kind> = {
  ok: "recovery",
  warn: "warn",
  alert: "alert",
  nodata: "no data",
  page: "page",
  message: "message",
  workflow: "workflow",
  resolved: "resolved",
};

const drills = new Map<string, Promise<Drill>>();

/** Fetch the drill of a failure, once. */
export function loadDrill(failure: string): Promise<Drill> {
  let drill = drills.get(failure);
  if (!drill) {
    drill = fetch(`static/theater/drills/${failure}.json`).then((response) => response.json() as Promise<Drill>);
    drills.set(failure, drill);
  }
  return drill;
}

/** The seconds after which the first alert fired in the drill. */
export function earliest(drill: Drill): { seconds: number; title: string } | null {
  const fired = drill.alerts.filter((alert) => alert.fired !== null).sort((a, b) => a.fired! - b.fired!);
  return fired[0] ? { seconds: fired[0].fired!, title: fired[0].title } : null;
}

/** The drill as it stands at a moment of the virtual clock; `began` is the failure's start on that clock. */
export function sceneOf(drill: Drill, began: number, now: number): Scene {
  const reached = now - began;
  const marks: Mark[] = [{ at: began, kind: "failure", text: drill.title }];
  if (drill.remediation <= reached) marks.push({ at: began + drill.remediation, kind: "remediation", text: "The failure ends" });
  for (const alert of drill.alerts)
    for (const event of alert.events)
      if (event.at <= reached) marks.push({ at: began + event.at, kind: KINDS[event.kind], text: textOf(event, alert.title), alert: alert.key });
  marks.sort((a, b) => a.at - b.at);
  return {
    from: began + drill.start,
    to: began + drill.end,
    now,
    began: reached >= 0 ? began : null,
    numbers: until(drill.numbers, reached, began),
    alerts: drill.alerts.map((alert) => alertAt(alert, reached, began)),
    marks: reached >= 0 ? marks : [],
    problems: drill.others.length ? [`Fired too, and not drawn: ${drill.others.join(", ")}.`] : [],
  };
}

function textOf(event: DrillEvent, title: string): string {
  if (event.kind === "page" || event.kind === "message") return event.text;
  if (event.kind === "workflow") return `${event.text}, started by: ${title}`;
  return title;
}

function alertAt(alert: Drill["alerts"][number], reached: number, began: number): Alert {
  const states = alert.events.filter((event) => event.at <= reached && ["ok", "warn", "alert", "nodata"].includes(event.kind));
  const groups = new Map(states.map((event) => [event.text, event.kind as Level]));
  const state = (["alert", "warn", "nodata"] as const).find((level) => [...groups.values()].includes(level)) ?? "ok";
  return { key: alert.key, title: alert.title, state, critical: alert.critical, warning: alert.warning, series: cut(alert.series, reached, began) };
}

function cut(series: Series | null, reached: number, began: number): Series | null {
  if (!series) return null;
  return { times: series.times.map((time) => time + began), values: series.values.map((value, place) => (series.times[place]! <= reached ? value : null)) };
}

function until(numbers: Numbers, reached: number, began: number): Numbers {
  const shown = (values: (number | null)[]) => values.map((value, place) => (numbers.times[place]! <= reached ? value : null));
  return {
    times: numbers.times.map((time) => time + began),
    answered: shown(numbers.answered),
    failed: shown(numbers.failed),
    tokens: shown(numbers.tokens),
    cost: shown(numbers.cost),
    latency: shown(numbers.latency),
  };
}
