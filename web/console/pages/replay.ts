/** The replay of a browser's session. */
import { get } from "../api";
import { h } from "../../shared/dom";
import { empty, heading } from "../parts";
import { Player } from "../replay/player";
import type { Record } from "../replay/records";
import type { Page } from "../router";

/** The address of a session's replay. */
export function replayLink(session: string): string {
  return `/rum/replay/sessions/${session}`;
}

export const replay: Page = async ({ root, params, title }) => {
  const session = params[0]!;
  title("Session replay");
  const { records }: { records: Record[] } = await get(`/-/replays/${session}`);
  const events = h("a", { href: `/rum/sessions?query=${encodeURIComponent(`@session.id:${session}`)}` }, "Events of the session");
  root.append(heading("Session replay"), h("p", { class: "muted" }, "Texts and inputs are masked in the browser, before they are sent. ", events));
  if (!Player.draws(records)) return void root.append(empty("Not drawn: the browser SDK that recorded this is older than version 7."));
  const player = new Player(records);
  root.append(player.element);
  player.open();
};
