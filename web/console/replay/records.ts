/** The records of a session replay, as the browser SDK writes them since version 7. */

/** The identifier of a node is its place among all nodes since the last full snapshot. */
export type NodeId = number;
/** A text, or its place in the table of texts. */
export type Text = string | number;
/** [kind, ...items]; a kind's items are described at the method of ReplayDocument that applies them. */
export type Change = [number, ...never[]];

export interface Record {
  type: number;
  timestamp: number;
  format?: number;
  data: unknown;
}

export const TYPE = { fullSnapshot: 2, incrementalSnapshot: 3, meta: 4, change: 12 };
export const CHANGES_FORMAT = 1;

/** A point of the mouse at a time. */
export interface Point {
  at: number;
  x: number;
  y: number;
  click: boolean;
}

const SOURCE = { mouseMove: 1, mouseInteraction: 2 };
const CLICK = 2;

interface Incremental {
  source: number;
  type?: number;
  x?: number;
  y?: number;
  positions?: { x: number; y: number; timeOffset: number }[];
}

/** The points of the mouse in an incremental snapshot. */
export function points(record: Record): Point[] {
  const data = record.data as Incremental;
  if (data.source === SOURCE.mouseMove) return (data.positions ?? []).map(({ x, y, timeOffset }) => ({ at: record.timestamp + timeOffset, x, y, click: false }));
  if (data.source === SOURCE.mouseInteraction && data.type === CLICK) return [{ at: record.timestamp, x: data.x ?? 0, y: data.y ?? 0, click: true }];
  return [];
}
