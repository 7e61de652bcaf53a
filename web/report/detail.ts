/** What a row of the table opens: an alert's plays, its query, and the faults that its scenarios do not notice. */
import { fill, h, type Child } from "../shared/dom";
import type { Alert, Play, PlotEvent } from "./data";
import { drawPlot, level } from "./plot";
import { minutes } from "./scale";

const SHOWN_EVENTS = 14;

export function detail(alert: Alert): HTMLElement {
  const stage = h("div", { class: "stage" });
  const buttons = alert.plays.map((play) =>
    h("button", { type: "button", "aria-pressed": "false", onclick: () => show(play) }, h("span", { class: `dot ${play.fired ? "alert" : "ok"}`, "aria-hidden": "true" }), `${play.fired ? "Fires" : "Quiet"}: ${play.title}`),
  );
  const show = (play: Play): void => {
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(alert.plays[place] === play)));
    fill(stage, scene(play));
  };
  if (alert.plays[0]) show(alert.plays[0]);
  return h(
    "div",
    { class: "detail" },
    alert.problems.length ? h("ul", { class: "problems" }, ...alert.problems.map((problem) => h("li", {}, problem))) : null,
    buttons.length > 1 ? h("div", { class: "plays", role: "group", "aria-label": "Scenarios to draw" }, ...buttons) : null,
    stage,
    h("p", {}, h("span", { class: "muted" }, `${alert.type} `), h("code", {}, alert.query)),
    scenarios("Fires in", alert.fires_in),
    scenarios("Stays quiet in", alert.quiet_in),
    faults("Faults that no scenario notices", alert.survived, true),
    faults("Faults that behave like the original", alert.equivalent, false),
  );
}

function scene(play: Play): Child[] {
  return [
    h("h3", {}, play.title),
    h("p", {}, `${play.course} `, h("span", { class: "tag" }, play.telemetry === "real" ? "telemetry that the running service emitted" : "simulated telemetry")),
    drawPlot(play),
    h("dl", {}, h("dt", {}, "expected"), h("dd", {}, play.expected), h("dt", {}, "happened"), h("dd", {}, play.result)),
    timeline(play.plot.events),
  ];
}

function timeline(events: PlotEvent[]): Child {
  if (!events.length) return null;
  const rest = events.length - SHOWN_EVENTS;
  return h(
    "ol",
    { class: "timeline" },
    ...events.slice(0, SHOWN_EVENTS).map((event) =>
      h("li", {}, h("span", { class: "at" }, minutes(event.at)), h("span", { class: `state state-${level(event.state)}` }, event.state), h("span", {}, event.text, event.to.length ? h("span", { class: "muted" }, ` – ${event.to.join(", ")}`) : null)),
    ),
    rest > 0 ? h("li", { class: "muted" }, `and ${rest} more`) : null,
  );
}

function scenarios(title: string, names: string[]): Child {
  if (!names.length) return null;
  return h("p", { class: "names" }, h("span", { class: "muted" }, `${title}: `), names.map((name, place) => [place ? ", " : "", h("a", { href: `#scenario-${name}` }, name)]));
}

function faults(title: string, texts: string[], open: boolean): Child {
  if (!texts.length) return null;
  return h("details", { open }, h("summary", {}, `${title} (${texts.length})`), h("ul", {}, ...texts.map((text) => h("li", {}, text))));
}
