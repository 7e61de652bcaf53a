/** Synthetic tests: the list, and one with the results of its runs and of their steps. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { duration } from "../../shared/format";
import { monitorLink } from "../links";
import { empty, heading, moment, properties, redraw, seconds, section, stateBadge, table, tags } from "../parts";
import type { Page } from "../router";

/** Results whose steps are read. */
const DETAILED = 20;

export const syntheticTests: Page = async ({ root, title }) => {
  title("Synthetic tests");
  const { tests } = await get("/api/v1/synthetics/tests");
  root.append(heading("Synthetic tests"), table("Synthetic tests", [
    { name: "Test", kind: "wide", cell: (row: Json) => h("a", { href: `/synthetics/details/${row.public_id}` }, row.name) },
    { name: "Type", cell: (row) => [row.type, row.subtype].filter(Boolean).join(", ") },
    { name: "Status", cell: (row) => stateBadge(row.status) },
    { name: "Every", cell: (row) => duration(row.options?.tick_every) },
    { name: "Locations", kind: "wide", cell: (row) => (row.locations ?? []).join(", ") },
  ], tests, "No synthetic test yet."));
};

export const syntheticTest: Page = async ({ root, params, title }) => {
  const id = params[0]!;
  const test = await get(`/api/v1/synthetics/tests/${id}`);
  title(test.name);
  const path = test.type === "browser" ? `/api/v1/synthetics/tests/browser/${id}/results` : `/api/v1/synthetics/tests/${id}/results`;
  const results = h("div");
  root.append(
    heading(test.name, stateBadge(test.status)),
    section("Results", results),
    section("Definition", properties([
      ["Type", [test.type, test.subtype].filter(Boolean).join(", ")],
      ["Request", h("code", { class: "query" }, `${test.config?.request?.method ?? ""} ${test.config?.request?.url ?? ""}`)],
      ["Steps", (test.config?.steps ?? test.steps ?? []).map((step: Json) => step.name).join("; ") || "–"],
      ["Locations", (test.locations ?? []).join(", ")],
      ["Monitor", test.monitor_id ? h("a", { href: monitorLink(test.monitor_id) }, String(test.monitor_id)) : "–"],
      ["Tags", tags(test.tags)],
    ])),
  );
  const refresh = async (): Promise<void> => {
    const answer = await get(path);
    const full = await Promise.all(answer.results.slice(0, DETAILED).map((each: Json) => get(`${path}/${each.result_id}`).catch(() => each)));
    redraw(results, full.length ? table("Results", [
      { name: "Time", cell: (row: Json) => moment(seconds(row.check_time)) },
      { name: "Result", cell: (row) => stateBadge(row.result?.passed === undefined ? "not run" : row.result.passed ? "passed" : "failed") },
      { name: "Location", cell: (row) => row.probe_dc },
      { name: "Duration", kind: "number", cell: (row) => duration((row.result?.timings?.total ?? NaN) / 1000) },
      { name: "Steps", kind: "wide", cell: (row) => steps(row.result) },
    ], full) : empty("It has not run yet."));
  };
  await refresh();
  return refresh;
};

function steps(result: Json) {
  const reason = result?.errorMessage ?? result?.error ?? result?.failure?.message;
  const all: Json[] = result?.steps ?? result?.stepDetails ?? [];
  return [
    reason ? h("div", {}, String(reason)) : null,
    ...all.map((step) => h("div", {}, stateBadge(outcome(step)), ` ${step.name ?? step.description ?? ""} `, h("span", { class: "muted" }, step.errorMessage || step.error || duration((step.timings?.total ?? step.duration ?? NaN) / 1000)), screenshot(step))),
  ];
}

function outcome(step: Json): string {
  if (step.skipped) return "skipped";
  return step.passed === false || step.error ? "failed" : "passed";
}

/** The picture of a browser test's step, which opens in full. */
function screenshot(step: Json): HTMLElement | null {
  if (!step.screenshotBucketKey) return null;
  const href = `/-/screenshots/${step.screenshotBucketKey}`;
  const picture = h("img", { src: href, alt: `The page after the step ${step.description ?? step.name ?? ""}`, loading: "lazy", class: "screenshot" });
  return h("a", { href, target: "_blank", class: "screenshot-link" }, picture);
}
