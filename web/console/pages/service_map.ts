/** The service map: which service calls which, how often, how slow, with how many errors. */
import { get } from "../api";
import { h } from "../../shared/dom";
import { heading, redraw, section } from "../parts";
import type { Page } from "../router";
import { callTable, topology } from "../topology";

export const serviceMap: Page = async ({ root, range, title }) => {
  title("Service map");
  const body = h("div");
  root.append(heading("Service map"), body);
  const refresh = async (): Promise<void> => {
    const { start, end } = range();
    const map = await get("/-/console/service-map", { start, end });
    redraw(body, section("Services", topology(map)), section("Calls", callTable(map)), map.complete ? null : h("p", { class: "muted" }, "Of the newest 20,000 spans of this time range."));
  };
  await refresh();
  return refresh;
};
