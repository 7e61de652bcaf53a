/** The first page: what is triggered now, who was told lately, and where to go from here. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { empty, heading, level, redraw, section } from "../parts";
import type { Page } from "../router";
import { notificationTable } from "./monitor";
import { bySeverity, monitorTable } from "./monitors";

export const home: Page = async ({ root, title }) => {
  title("Home");
  const body = h("div");
  root.append(heading("Firedrill console"), h("p", { class: "muted" }, "The sandbox's Datadog account on this machine. Nothing here is sent anywhere."), body);
  const refresh = async (): Promise<void> => {
    const [monitors, status, dashboards] = await Promise.all([get("/api/v1/monitor"), get("/-/status"), get("/api/v1/dashboard")]);
    const triggered = monitors.filter((monitor: Json) => ["alert", "warn"].includes(level(monitor.overall_state)));
    redraw(
      body,
      section("Triggered monitors", triggered.length ? monitorTable(bySeverity(triggered)) : empty(`None of ${monitors.length} monitors is triggered.`), h("p", {}, h("a", { href: "/monitors" }, "All monitors"))),
      section("Dashboards", dashboards.dashboards.length
        ? h("ul", { class: "plain" }, ...dashboards.dashboards.map((board: Json) => h("li", {}, h("a", { href: `/dashboard/${board.id}` }, board.title), h("span", { class: "muted" }, ` ${board.description ?? ""}`))))
        : empty("No dashboard yet: firedrill up declares them.")),
      section("Latest notifications", notificationTable([...status.notifications].reverse())),
      status.errors.length ? section("Errors of the sandbox", h("ul", { class: "plain" }, ...status.errors.slice(-5).map((error: Json) => h("li", {}, `${error.where}: ${error.error}`)))) : null,
    );
  };
  await refresh();
  return refresh;
};
