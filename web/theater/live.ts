/** The running service: this tab's chats, and what Datadog's account says about them. */
import type { Level } from "../shared/chart";
import { call } from "./api";
import type { Meter } from "./meter";
import type { Alert, Kind, Mark, Scene, Series } from "./scene";

const POLL_SECONDS = 5;
const BEFORE_SECONDS = 60;
const SHOWN_SECONDS = 180;
const STATES: Record<string, Level> = { OK: "ok", Warn: "warn", Alert: "alert", "No Data": "nodata" };

interface Answer {
  alerts: { key: string; id: number; title: string; state: string; critical: number | null; warning: number | null; series: Series | null }[];
  missing: string[];
  events: { at: number; kind: Kind | "page resolved"; text: string; monitor?: number }[];
  workflows: { name: string; runs: string[] }[];
  problems: string[];
}

export class Live {
  private began: number | null = null;
  private failure: string | null = null;
  private own: Mark[] = [];
  private answer: Answer | null = null;
  private problem = "";
  private runs = new Map<string, Set<string>>();
  private polled = 0;

  constructor(private readonly meter: Meter) {}

  /** Begin to watch a failure's alerts. */
  begin(failure: string, label: string): void {
    this.began = Date.now() / 1000;
    this.failure = failure;
    this.own = [{ at: this.began, kind: "failure", text: label }];
    this.answer = null;
    this.runs.clear();
    this.polled = 0;
  }

  /** Mark the failure's end. Its alerts are watched on. */
  end(): void {
    if (this.began !== null) this.own.push({ at: Date.now() / 1000, kind: "remediation", text: "The failure ends" });
  }

  /** Ask for the account's view if it is due, and keep the reason where it cannot be had. */
  async poll(): Promise<void> {
    if (this.failure === null || this.began === null || Date.now() / 1000 - this.polled < POLL_SECONDS) return;
    this.polled = Date.now() / 1000;
    try {
      this.answer = await call<Answer>("GET", `v1/theater/alerts?failure=${this.failure}&since=${Math.floor(this.began)}`);
      this.problem = "";
      this.noteRuns(this.answer);
    } catch (error) {
      this.problem = `Datadog's account cannot be read: ${(error as Error).message}`;
    }
  }

  /** Runs have no time in the API, so a run is marked when it is first seen; those of the first answer are older. */
  private noteRuns(answer: Answer): void {
    for (const { name, runs } of answer.workflows) {
      const known = this.runs.get(name);
      const fresh = known ? runs.filter((run) => !known.has(run)) : [];
      for (const _ of fresh) this.own.push({ at: Date.now() / 1000, kind: "workflow", text: name });
      this.runs.set(name, new Set([...(known ?? []), ...runs]));
    }
  }

  scene(): Scene {
    const now = Date.now() / 1000;
    const from = this.began === null ? now - SHOWN_SECONDS : Math.min(this.began - BEFORE_SECONDS, now - SHOWN_SECONDS);
    return {
      from,
      to: now + 15,
      now,
      began: this.began,
      numbers: this.meter.numbers(from, now),
      alerts: this.answer?.alerts.map(shown) ?? [],
      marks: [...this.own, ...(this.answer?.events.map((event) => this.mark(event)) ?? [])].sort((a, b) => a.at - b.at),
      problems: [this.problem, ...(this.answer?.problems ?? []), missing(this.answer?.missing)].filter(Boolean),
    };
  }

  private mark({ at, kind, text, monitor }: Answer["events"][number]): Mark {
    const alert = this.answer?.alerts.find((known) => known.id === monitor);
    return { at, kind: kind === "page resolved" ? "resolved" : kind, text: alert?.title ?? text, alert: alert?.key };
  }
}

function missing(keys: string[] = []): string {
  return keys.length ? `The account has no monitor for: ${keys.join(", ")}. Deploy the stack to it.` : "";
}

function shown({ key, title, state, critical, warning, series }: Answer["alerts"][number]): Alert {
  return { key, title, state: STATES[state] ?? "nodata", critical, warning, series };
}
