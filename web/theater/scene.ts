/** What the timeline shows, live or in a recorded drill. Times are epoch seconds. */
import type { Level } from "../shared/chart";

export interface Numbers {
  times: number[];
  answered: (number | null)[];
  failed: (number | null)[];
  tokens: (number | null)[];
  cost: (number | null)[];
  latency: (number | null)[];
}

export interface Series {
  times: number[];
  values: (number | null)[];
}

export interface Alert {
  key: string;
  title: string;
  state: Level;
  critical: number | null;
  warning: number | null;
  series: Series | null;
}

export type Kind = "failure" | "warn" | "alert" | "page" | "message" | "workflow" | "incident" | "remediation" | "recovery" | "resolved" | "no data";

export interface Mark {
  at: number;
  kind: Kind;
  text: string;
  /** The alert's key, if it is one of the scene's. */
  alert?: string;
}

export interface Scene {
  from: number;
  to: number;
  now: number;
  /** The start of the failure; null before any. */
  began: number | null;
  numbers: Numbers;
  alerts: Alert[];
  marks: Mark[];
  /** What the reader cannot see, and why. */
  problems: string[];
}

/** The first mark of some kinds. */
export function first(scene: Scene, ...kinds: Kind[]): Mark | undefined {
  return scene.marks.find((mark) => kinds.includes(mark.kind));
}

/** The last recovery, once no alert of the scene is in alert any more. */
export function recovered(scene: Scene): Mark | undefined {
  if (!first(scene, "alert") || scene.alerts.some((alert) => alert.state === "alert")) return undefined;
  return scene.marks.filter((mark) => mark.kind === "recovery").at(-1);
}
