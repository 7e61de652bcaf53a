/** On-Call: who is on call now and next, what a page does, and the pages with everybody they reached. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { dateTime, duration } from "../../shared/format";
import { markdown } from "../../shared/markdown";
import { linkTarget } from "../links";
import { heading, moment, redraw, seconds, section, stateBadge, table } from "../parts";
import type { Page } from "../router";

export const onCall: Page = async ({ root, query, title }) => {
  title("On-call");
  const wanted = query.get("page");
  const body = h("div");
  root.append(heading("On-call"), body);
  const refresh = async (): Promise<void> => {
    const report = await get("/-/console/on-call");
    const open = new Set([...body.querySelectorAll("details[open]")].map((each) => each.id));
    redraw(body, section("Schedules", schedules(report.schedules)), section("Pages", ...pages(report.pages, (id) => open.has(id) || id === wanted)), section("Escalation policies", ...report.policies.map(policy)));
  };
  await refresh();
  return refresh;
};

function schedules(rows: Json[]): HTMLElement {
  const shift = (row: Json) => (row ? [h("b", {}, row.user), h("span", { class: "muted" }, ` ${dateTime(row.start).slice(0, 16)} – ${dateTime(row.end).slice(0, 16)}`)] : "nobody");
  return table("Schedules", [
    { name: "Schedule", cell: (row: Json) => row.name },
    { name: "Now", cell: (row) => shift(row.now) },
    { name: "Next", cell: (row) => shift(row.next) },
    { name: "Rotates in", cell: (row) => row.time_zone },
  ], rows, "No schedule yet.");
}

function pages(rows: Json[], open: (id: string) => boolean): HTMLElement[] {
  if (!rows.length) return [h("p", { class: "muted empty" }, "Nobody was paged.")];
  return rows.map((page) => {
    const own = page.attributes;
    return h("details", { class: "event", id: page.id, open: open(page.id) },
      h("summary", {}, moment(seconds(own.created_at)), stateBadge(own.status), h("span", { class: "event-cell event-message" }, own.title)),
      h("div", { class: "event-body" },
        own.problem ? h("p", { class: "worse" }, `Reaches nobody: ${own.problem}`) : null,
        table("Who was paged", [
          { name: "Time", cell: (row: Json) => moment(row.time) },
          { name: "Who", cell: (row) => row.who.map((person: Json) => person.name).join(", ") },
          { name: "Urgency", cell: (row) => row.urgency },
          { name: "Why", kind: "wide", cell: (row) => row.why },
        ], own.paged ?? [], "Nobody yet."),
        own.resolved_at ? h("p", {}, "Resolved at ", moment(seconds(own.resolved_at)), ` after ${duration(seconds(own.resolved_at) - seconds(own.created_at))}.`) : null,
        h("div", { class: "markdown" }, ...markdown(own.description ?? "", linkTarget)),
      ),
    );
  });
}

function policy(row: Json): HTMLElement {
  return h("div", {},
    h("h3", {}, row.name),
    h("ol", {}, ...row.steps.map((step: Json) => h("li", {}, `${step.targets.join(", ")}; after ${duration(step.after)} without an answer, the next step`))),
    h("p", { class: "muted" }, `All steps are repeated ${row.retries ?? 0} times.`),
  );
}
