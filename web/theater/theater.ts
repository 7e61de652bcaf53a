/** The failure theater: buttons that break the service, and the timeline of what follows. */
import { fill, h } from "../shared/dom";
import { duration } from "../shared/format";
import { call, CallFailed, setToken } from "./api";
import { earliest, loadDrill, sceneOf, type Drill } from "./drill";
import { Live } from "./live";
import { Meter } from "./meter";
import { act } from "./rum";
import type { Scene } from "./scene";
import { Timeline } from "./timeline";
import { Traffic, type Behaviour } from "./traffic";

interface Failure {
  key: string;
  label: string;
  description: string;
  gemini: object | null;
  callers: Behaviour;
}

interface Offer {
  failures: Failure[];
  active: string | null;
}

const PLAY_SECONDS = 60;
const RATES: [string, string][] = [
  ["0", "no chats"],
  ["1", "1 chat a second"],
  ["2", "2 chats a second"],
];
const FRAME_MILLISECONDS = 250;
const EVALUATION_SECONDS = 60;

/** Fill the section and start, once the deployment answers which failures it offers. */
export async function openTheater(section: HTMLElement): Promise<void> {
  section.hidden = false;
  try {
    const offer = await call<Offer>("GET", "v1/theater");
    new Theater(section, offer);
  } catch (error) {
    fill(section, heading(), h("p", { role: "alert" }, `${(error as Error).message}: ${(error as CallFailed).detail ?? ""}`), tokenForm(section));
  }
}

function heading(): HTMLElement {
  return h("h2", { id: "theater-title" }, "Failure theater");
}

function tokenForm(section: HTMLElement): HTMLElement {
  const field = h("input", { type: "password", autocomplete: "off", "aria-label": "Operator's token", "data-dd-privacy": "hidden" });
  const form = h("form", { class: "token" }, h("label", {}, "Operator's token ", field), h("button", {}, "Open"));
  form.onsubmit = (event) => {
    event.preventDefault();
    setToken(field.value);
    void openTheater(section);
  };
  return form;
}

class Theater {
  private readonly meter = new Meter();
  private readonly traffic = new Traffic(this.meter);
  private readonly live = new Live(this.meter);
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly timeline: Timeline;
  private readonly status = h("p", { class: "status", role: "status" });
  private readonly endButton = h("button", { class: "end", disabled: true }, "End the failure");
  private readonly playButton = h("button", { class: "play", disabled: true }, "Play the drill");
  private readonly rate = h("select", { "aria-label": "Chats that this tab sends" }, ...RATES.map(([value, text]) => h("option", { value }, text)));
  private failure: Failure | null = null;
  private drill: Drill | null = null;
  private playing: { drill: Drill; started: number } | null = null;

  constructor(section: HTMLElement, offer: Offer) {
    const row = h("div", { class: "failures", role: "group", "aria-label": "Failures" });
    for (const failure of offer.failures) {
      const button = h("button", { "aria-pressed": "false", title: failure.description }, failure.label);
      button.onclick = () => void this.begin(failure);
      this.buttons.set(failure.key, button);
      row.append(button);
    }
    this.endButton.onclick = () => void this.end();
    this.playButton.onclick = () => this.play();
    this.rate.onchange = () => this.traffic.setRate(Number(this.rate.value));
    this.rate.value = "0";
    const tools = h("div", { class: "tools" }, this.endButton, this.playButton, h("label", {}, "This tab sends ", this.rate));
    fill(section, heading(), row, tools, this.status);
    this.timeline = new Timeline(section, (scene) => this.outlook(scene));
    this.status.textContent = "Break the service, and watch who notices.";
    const active = offer.failures.find((failure) => failure.key === offer.active);
    if (active) void this.watch(active);
    window.setInterval(() => void this.frame(), FRAME_MILLISECONDS);
  }

  /** Break the service. */
  private async begin(failure: Failure): Promise<void> {
    act("failure_started", { failure: failure.key });
    try {
      await call("POST", "v1/theater/failure", { failure: failure.key });
      await this.watch(failure);
    } catch (error) {
      this.complain(error as CallFailed);
    }
  }

  private async watch(failure: Failure): Promise<void> {
    this.failure = failure;
    this.playing = null;
    this.traffic.behaviour = failure.callers;
    if (this.rate.value === "0") {
      this.rate.value = "2";
      this.traffic.setRate(2);
    }
    this.press(failure.key);
    this.live.begin(failure.key, failure.description);
    this.status.textContent = failure.description;
    this.drill = await loadDrill(failure.key);
    this.playButton.disabled = false;
  }

  /** End the failure, and undo what workflows changed. */
  private async end(): Promise<void> {
    act("failure_ended", { failure: this.failure?.key });
    this.traffic.behaviour = "usual";
    try {
      await call("DELETE", "v1/theater/failure");
      this.live.end();
      this.press("");
      this.status.textContent = "The failure has ended. Its alerts recover once their windows have passed.";
    } catch (error) {
      this.complain(error as CallFailed);
    }
  }

  /** Play the recorded drill in a minute, or return to the running service. */
  private play(): void {
    if (!this.drill) return;
    this.playing = this.playing ? null : { drill: this.drill, started: performance.now() };
    this.playButton.textContent = this.playing ? "Back to now" : "Play the drill";
    if (!this.playing) this.status.textContent = this.failure?.description ?? "";
    else act("drill_played", { failure: this.failure?.key });
  }

  private press(key: string): void {
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(name === key));
    this.endButton.disabled = !key;
    this.playButton.textContent = "Play the drill";
  }

  private complain(error: CallFailed): void {
    this.status.textContent = `${error.message}: ${error.detail ?? ""}`;
  }

  private async frame(): Promise<void> {
    if (!this.playing) {
      this.timeline.show(this.live.scene());
      if (!document.hidden) await this.live.poll();
      return;
    }
    const { drill, started } = this.playing;
    const share = Math.min(1, (performance.now() - started) / 1000 / PLAY_SECONDS);
    const reached = drill.start + share * (drill.end - drill.start);
    const began = Math.floor(Date.now() / 86_400_000) * 86_400 + 9 * 3600;
    this.timeline.show(sceneOf(drill, began, began + reached));
    const speed = Math.round((drill.end - drill.start) / PLAY_SECONDS);
    this.status.textContent = share < 1 ? `Recorded drill, ${speed} times as fast: ${drill.title}.` : `Recorded drill, at its end: ${drill.title}.`;
  }

  /** The time until an alert can fire: as many evaluations, one each minute, as in the recorded drill. */
  private outlook(scene: Scene): string {
    const soonest = this.drill && earliest(this.drill);
    if (!soonest || scene.began === null || this.playing) return "not yet";
    const due = Math.floor(scene.began / EVALUATION_SECONDS) * EVALUATION_SECONDS + soonest.seconds;
    const left = due - scene.now;
    if (left <= 0) return `due since ${duration(Math.ceil(-left))}: ${soonest.title}`;
    return `in ${duration(Math.ceil(left))} at the earliest, as in the recorded drill: ${soonest.title}`;
  }
}
