/** CI Visibility and DORA: pipelines, tests and deployments. */
import { post, type Json } from "../api";
import { search, field, type Event } from "../events";
import { h } from "../../shared/dom";
import { duration } from "../../shared/format";
import { heading, moment, redraw, seconds, section, stateBadge, table } from "../parts";
import type { Page } from "../router";
import { eventTable } from "../widgets/streams";

export const ci: Page = async ({ root, range, title }) => {
  title("CI and deployments");
  const body = h("div");
  root.append(heading("CI and deployments"), body);
  const refresh = async (): Promise<void> => {
    const { start, end } = range("1w");
    const iso = (at: number): string => new Date(at * 1000).toISOString();
    const filter = { data: { type: "dora_deployments_list_request", attributes: { from: iso(start), to: iso(end), limit: 100 } } };
    const [pipelines, tests, deployments] = await Promise.all([search("pipelines", "*", start, end), search("tests", "*", start, end), post("/api/v2/dora/deployments", filter)]);
    redraw(body, section("Deployments", deploymentTable(deployments.data)), section("Pipelines", pipelineTable(pipelines.events)), section("Tests", eventTable(tests.events, ["@test.status", "@test.suite", "@test.name", "message"])));
  };
  await refresh();
  return refresh;
};

function deploymentTable(rows: Json[]): HTMLElement {
  return table("Deployments", [
    { name: "Finished", cell: (row: Json) => moment(seconds(row.attributes.finished_at) > 1e10 ? row.attributes.finished_at / 1e9 : seconds(row.attributes.finished_at)) },
    { name: "Service", cell: (row) => row.attributes.service },
    { name: "Version", cell: (row) => row.attributes.version ?? "–" },
    { name: "Environment", cell: (row) => row.attributes.env ?? "–" },
    { name: "Commit", kind: "wide", cell: (row) => row.attributes.git?.commit_sha ?? "–" },
  ], rows, "No deployment in this time range.");
}

function pipelineTable(events: Event[]): HTMLElement {
  return table("Pipelines", [
    { name: "Time", cell: (row: Event) => moment(row.time) },
    { name: "Status", cell: (row) => stateBadge(field(row, "@ci.status")) },
    { name: "Pipeline", cell: (row) => field(row, "@ci.pipeline.name") },
    { name: "Branch", cell: (row) => field(row, "@git.branch") },
    { name: "Duration", kind: "number", cell: (row) => duration(Number(field(row, "@duration")) / 1e9) },
    { name: "Commit", kind: "wide", cell: (row) => field(row, "@git.commit.message") || field(row, "@git.commit.sha") },
  ], events, "No pipeline in this time range.");
}
