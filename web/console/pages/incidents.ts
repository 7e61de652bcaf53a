/** Incidents: the list, and one with its fields, timeline and what is attached to it. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { markdown } from "../../shared/markdown";
import { linkTarget } from "../links";
import { heading, moment, properties, redraw, seconds, section, stateBadge, table } from "../parts";
import type { Context, Page } from "../router";
import { incidents as incidentTable } from "../widgets/streams";

export const incidents: Page = async ({ root, title }) => {
  title("Incidents");
  const list = h("div");
  root.append(heading("Incidents"), list);
  const refresh = async (): Promise<void> => redraw(list, await incidentTable());
  await refresh();
  return refresh;
};

export const incident: Page = async ({ root, params, title }: Context) => {
  const wanted = params[0]!;
  const { data } = await get("/api/v2/incidents", { "page[size]": 100 });
  const found = data.find((each: Json) => each.id === wanted || String(each.attributes.public_id) === wanted);
  if (!found) {
    root.append(heading("Not found"), h("p", {}, `Incident ${wanted} is not in this account.`));
    return;
  }
  const own = found.attributes;
  title(`Incident ${own.public_id}`);
  const attached = h("div");
  root.append(
    heading(`#${own.public_id} ${own.title}`, stateBadge(own.state ?? own.fields?.state?.value)),
    section("Summary", properties([
      ["Severity", own.severity ?? own.fields?.severity?.value ?? "–"],
      ["Declared", moment(seconds(own.created))],
      ["Detected", moment(seconds(own.detected))],
      ["Resolved", own.resolved ? moment(seconds(own.resolved)) : "not yet"],
      ["Declared by", own.created_by?.data?.attributes?.name ?? "–"],
      ["Customers affected", own.customer_impacted ? (own.customer_impact_scope ?? "yes") : "not declared"],
    ])),
    section("Fields", properties(Object.entries<Json>(own.fields ?? {}).map(([name, field]) => [name, linked(field.value)]))),
    section("Attachments", attached),
  );
  const refresh = async (): Promise<void> => {
    const answer = await get(`/api/v2/incidents/${found.id}/attachments`);
    redraw(attached, table("Attachments", [
      { name: "Kind", cell: (row: Json) => row.attributes.attachment_type },
      { name: "Attachment", kind: "wide", cell: (row) => attachment(row.attributes.attachment) },
      { name: "Added", cell: (row) => moment(seconds(row.attributes.modified)) },
    ], answer.data, "Nothing is attached."));
  };
  await refresh();
  return refresh;
};

function linked(value: Json): HTMLElement[] {
  return markdown(Array.isArray(value) ? value.join(", ") : String(value ?? "–"), linkTarget);
}

function attachment(own: Json) {
  const target = own.documentUrl ? linkTarget(own.documentUrl) : null;
  return target ? h("a", { href: target }, own.title ?? own.documentUrl) : (own.title ?? "");
}
