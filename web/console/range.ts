/** The range of time that a page shows, from its address: `live=4h`, or `from_ts` and `to_ts` in milliseconds. */

export const PRESETS: [string, string, number][] = [
  ["15m", "Past 15 minutes", 900],
  ["1h", "Past hour", 3600],
  ["4h", "Past 4 hours", 4 * 3600],
  ["1d", "Past day", 86400],
  ["2d", "Past 2 days", 2 * 86400],
  ["1w", "Past week", 7 * 86400],
];
const DEFAULT = "1h";

export interface Range {
  /** Epoch seconds. */
  start: number;
  end: number;
  /** The preset, or null for a fixed range. */
  live: string | null;
}

/** The range of an address; `usual` is the preset of a page that says none. */
export function rangeOf(query: URLSearchParams, usual = DEFAULT): Range {
  const [from, to] = [Number(query.get("from_ts")), Number(query.get("to_ts"))];
  if (from > 0 && to > from) return { start: from / 1000, end: to / 1000, live: null };
  const name = query.get("live") ?? usual;
  const preset = PRESETS.find(([key]) => key === name) ?? PRESETS.find(([key]) => key === DEFAULT)!;
  const end = Date.now() / 1000;
  return { start: end - preset[2], end, live: preset[0] };
}

/** The current address with another preset. */
export function withPreset(url: URL, preset: string): string {
  const next = new URL(url);
  next.searchParams.delete("from_ts");
  next.searchParams.delete("to_ts");
  next.searchParams.set("live", preset);
  return next.pathname + next.search;
}

/** The current address with a fixed range, in epoch seconds. */
export function withRange(url: URL, start: number, end: number): string {
  const next = new URL(url);
  next.searchParams.delete("live");
  next.searchParams.set("from_ts", String(Math.round(start * 1000)));
  next.searchParams.set("to_ts", String(Math.round(end * 1000)));
  return next.pathname + next.search;
}
