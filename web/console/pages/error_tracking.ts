/** Error Tracking: the list of issues, and one with its error and occurrences. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";
import { number } from "../../shared/format";
import { heading, moment, properties, redraw, seconds, section, stateBadge } from "../parts";
import type { Page } from "../router";
import { issues as issueTable } from "../widgets/streams";

export const issues: Page = async ({ root, query, range, title }) => {
  title("Error tracking");
  const list = h("div");
  root.append(heading("Error tracking"), list);
  const refresh = async (): Promise<void> => redraw(list, await issueTable(query.get("query") ?? "*", range("1d")));
  await refresh();
  return refresh;
};

export const issue: Page = async ({ root, params, title }) => {
  const { data } = await get(`/api/v2/error-tracking/issues/${params[0]}`);
  const own: Json = data.attributes;
  title(own.error_type);
  root.append(
    heading(own.error_type, stateBadge(own.state)),
    section("Error", properties([
      ["Message", own.error_message],
      ["Service", own.service],
      ["Place", `${own.function_name ?? ""} ${own.file_path ?? ""}`],
      ["First seen", [moment(seconds(own.first_seen)), ` in ${own.first_seen_version ?? "an unknown version"}`]],
      ["Last seen", [moment(seconds(own.last_seen)), ` in ${own.last_seen_version ?? "an unknown version"}`]],
      ...(own.total_count ? ([["Events", number(own.total_count)]] as [string, string][]) : []),
    ])),
    h("p", {}, h("a", { href: `/logs?query=${encodeURIComponent(`service:${own.service} status:error`)}&live=1d` }, "Error logs of the service"), " · ", h("a", { href: `/apm/traces?query=${encodeURIComponent(`service:${own.service} status:error`)}&live=1d` }, "Traces with errors")),
  );
};
