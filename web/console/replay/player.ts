/** Plays a session replay: the page in a frame, the mouse over it, and controls. */
import { fill, h, style } from "../../shared/dom";
import { duration } from "../../shared/format";
import { ReplayDocument } from "./document";
import { CHANGES_FORMAT, points, TYPE, type Point, type Record } from "./records";

const TICK_MILLISECONDS = 50;
const CLICK_SHOWN_MILLISECONDS = 400;
const SPEEDS = [1, 2, 4, 8];

export class Player {
  readonly element: HTMLElement;
  private readonly frame = h("iframe", { sandbox: "allow-same-origin", title: "The recorded page", tabindex: -1 });
  private readonly mouse = h("div", { class: "replay-mouse", "aria-hidden": "true" });
  private readonly stage = h("div", { class: "replay-stage" }, this.frame, this.mouse);
  private readonly button = h("button", { onclick: () => this.toggle() }, "Play");
  private readonly position: HTMLInputElement;
  private readonly speed = h("select", { "aria-label": "Speed" }, ...SPEEDS.map((speed) => h("option", { value: speed }, `${speed} times`)));
  private readonly clock = h("span", { class: "muted", role: "timer" });
  private readonly pointer: Point[];
  private readonly start: number;
  private readonly end: number;
  private page: ReplayDocument | null = null;
  /** The number of records that are applied, and the moment that is shown. */
  private applied = 0;
  private now: number;
  private timer = 0;

  constructor(private readonly records: Record[]) {
    this.start = records[0]!.timestamp;
    this.end = Math.max(records.at(-1)!.timestamp, this.start + 1);
    this.now = this.start;
    this.pointer = records.filter((record) => record.type === TYPE.incrementalSnapshot).flatMap(points);
    this.position = h("input", { type: "range", min: 0, max: this.end - this.start, value: 0, "aria-label": "Position" });
    this.position.addEventListener("input", () => this.seek(this.start + Number(this.position.value)));
    this.element = h("div", { class: "replay" }, h("div", { class: "replay-controls" }, this.button, this.position, this.clock, h("label", {}, "Speed ", this.speed)), this.stage);
  }

  /** Whether the records have the form that is drawn: changes, which the SDK writes since version 7. */
  static draws(records: Record[]): boolean {
    return records.some((record) => record.type === TYPE.fullSnapshot && record.format === CHANGES_FORMAT);
  }

  /** Show the beginning. The element is in the document, since a frame has a document only there. */
  open(): void {
    this.page = new ReplayDocument(this.frame);
    this.seek(this.start);
  }

  /** Show a moment, in milliseconds of the records' clock. */
  seek(moment: number): void {
    if (moment < this.now) this.applied = 0;
    this.now = Math.min(moment, this.end);
    // The first snapshot is shown from the beginning: until then there is no page.
    const first = this.records.findIndex((record) => record.type === TYPE.fullSnapshot);
    while (this.applied < this.records.length && (this.records[this.applied]!.timestamp <= this.now || this.applied <= first)) this.apply(this.records[this.applied++]!);
    this.position.value = String(this.now - this.start);
    fill(this.clock, `${duration((this.now - this.start) / 1000)} of ${duration((this.end - this.start) / 1000)}`);
    this.showMouse();
  }

  private apply(record: Record): void {
    if (record.type === TYPE.meta) this.resize(record.data as { width: number; height: number });
    else if (record.type === TYPE.fullSnapshot) this.page!.snapshot(record);
    else if (record.type === TYPE.change) this.page!.apply(record);
  }

  private resize({ width, height }: { width: number; height: number }): void {
    style(this.stage, { width: `${width}px`, height: `${height}px` });
    style(this.stage, { zoom: String(Math.min(1, this.element.clientWidth / width)) });
  }

  private showMouse(): void {
    const point = this.pointer.filter(({ at }) => at <= this.now).at(-1);
    this.mouse.hidden = !point;
    if (!point) return;
    style(this.mouse, { left: `${point.x}px`, top: `${point.y}px` });
    const clicked = this.pointer.some(({ at, click }) => click && at <= this.now && at > this.now - CLICK_SHOWN_MILLISECONDS);
    this.mouse.classList.toggle("clicked", clicked);
  }

  private toggle(): void {
    if (this.timer) return this.pause();
    if (this.now >= this.end) this.seek(this.start);
    this.button.textContent = "Pause";
    this.timer = window.setInterval(() => this.tick(), TICK_MILLISECONDS);
  }

  private tick(): void {
    if (!this.element.isConnected) return this.pause();
    this.seek(this.now + TICK_MILLISECONDS * Number(this.speed.value));
    if (this.now >= this.end) this.pause();
  }

  private pause(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = "Play";
  }
}
