/** The console's frame: navigation, range of time, appearance, and the page of the address. */
import "../shared/theme.css";
import "./style.css";
import { appearance, followAppearance, setAppearance, type Appearance } from "../shared/appearance";
import { fill, h } from "../shared/dom";
import { dateTime } from "../shared/format";
import { ci } from "./pages/ci";
import { dashboard, dashboards } from "./pages/dashboards";
import { issue, issues } from "./pages/error_tracking";
import { audit, llmTraces, logs, rumEvents, traces } from "./pages/explorer";
import { home } from "./pages/home";
import { incident, incidents } from "./pages/incidents";
import { monitor } from "./pages/monitor";
import { monitors } from "./pages/monitors";
import { notebook, notebooks } from "./pages/notebooks";
import { onCall } from "./pages/on_call";
import { replay } from "./pages/replay";
import { serviceMap } from "./pages/service_map";
import { slos } from "./pages/slo";
import { syntheticTest, syntheticTests } from "./pages/synthetics";
import { trace } from "./pages/trace";
import { workflow, workflows } from "./pages/workflows";
import { PRESETS, withPreset, type Range } from "./range";
import { Router, type Place } from "./router";

const PLACES: Place[] = [
  { path: /^\/$/, page: home },
  { path: /^\/dashboard(?:\/lists?)?\/?$/, page: dashboards },
  { path: /^\/dashboard\/([\w-]+)/, page: dashboard },
  { path: /^\/monitors(?:\/manage|\/triggered)?\/?$/, page: monitors },
  { path: /^\/monitors\/(\d+)/, page: monitor },
  { path: /^\/slo(?:\/manage)?\/?$/, page: slos },
  { path: /^\/logs(?:\/livetail)?\/?$/, page: logs },
  { path: /^\/apm\/traces\/?$/, page: traces },
  { path: /^\/apm\/trace\/([^/]+)/, page: trace },
  { path: /^\/(?:service-map|apm\/map)\/?$/, page: serviceMap },
  { path: /^\/llm\/traces\/?$/, page: llmTraces },
  { path: /^\/rum\/replay\/sessions\/([\w-]+)/, page: replay },
  { path: /^\/rum(?:\/\w+)*\/?$/, page: rumEvents },
  { path: /^\/error-tracking\/issue\/([\w-]+)/, page: issue },
  { path: /^\/error-tracking\/?$/, page: issues },
  { path: /^\/on-call(?:\/\w+)*\/?$/, page: onCall },
  { path: /^\/incidents\/([\w-]+)/, page: incident },
  { path: /^\/incidents\/?$/, page: incidents },
  { path: /^\/notebook(?:\/list)?\/?$/, page: notebooks },
  { path: /^\/notebook\/(\d+)/, page: notebook },
  { path: /^\/workflow\/?$/, page: workflows },
  { path: /^\/workflow\/([\w-]+)/, page: workflow },
  { path: /^\/synthetics(?:\/tests)?\/?$/, page: syntheticTests },
  { path: /^\/synthetics\/details\/([\w-]+)/, page: syntheticTest },
  { path: /^\/ci(?:\/[\w-]+)*\/?$/, page: ci },
  { path: /^\/audit-trail\/?$/, page: audit },
];

const NAVIGATION: [string, string][] = [
  ["/", "Home"],
  ["/dashboard", "Dashboards"],
  ["/monitors", "Monitors"],
  ["/slo", "SLOs"],
  ["/logs", "Logs"],
  ["/apm/traces", "Traces"],
  ["/llm/traces", "LLM"],
  ["/service-map", "Map"],
  ["/error-tracking", "Errors"],
  ["/on-call", "On-call"],
  ["/incidents", "Incidents"],
  ["/notebook", "Notebooks"],
  ["/workflow", "Workflows"],
  ["/synthetics/tests", "Synthetics"],
  ["/rum/sessions", "RUM"],
  ["/ci", "CI"],
  ["/audit-trail", "Audit"],
];

followAppearance();
const links = NAVIGATION.map(([href, name]) => h("a", { href }, name));
const presets = h("select", { "aria-label": "Range of time" });
presets.addEventListener("change", () => router.go(withPreset(new URL(location.href), presets.value)));
const look = h("select", { "aria-label": "Appearance" }, ...["system", "light", "dark"].map((name) => h("option", { value: name }, name)));
look.value = appearance();
look.addEventListener("change", () => setAppearance(look.value as Appearance));
const main = h("main", { id: "content", tabindex: -1 });
document.body.append(
  h("a", { class: "skip", href: "#content", onclick: skip }, "Skip to content"),
  h("header", { class: "bar" }, h("a", { class: "brand", href: "/" }, "Firedrill"), h("nav", { "aria-label": "Products" }, ...links), h("div", { class: "controls" }, presets, look)),
  main,
);

const router = new Router(PLACES, main, markPlace, showRange);
void router.open();

function skip(event: Event): void {
  event.preventDefault();
  main.focus();
}

function markPlace(url: URL): void {
  presets.hidden = true;
  for (const link of links) {
    const path = link.getAttribute("href")!;
    const here = path === "/" ? url.pathname === "/" : url.pathname.split("/")[1] === path.split("/")[1] && (!path.startsWith("/apm") || url.pathname.startsWith("/apm/trace"));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Offer the ranges on a page that has one. */
function showRange(range: Range): void {
  const choices: [string, string][] = PRESETS.map(([key, name]) => [key, name]);
  if (range.live === null) choices.unshift(["", `${dateTime(range.start).slice(5, 16)} – ${dateTime(range.end).slice(5, 16)}`]);
  if (presets.hidden || presets.value !== (range.live ?? "")) {
    fill(presets, ...choices.map(([value, name]) => h("option", { value }, name)));
    presets.value = range.live ?? "";
  }
  presets.hidden = false;
}
