/** Positions in a plot, and the marks of its axes. */

export type Scale = (value: number) => number;

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080];

export function linear(from: number, to: number, begin: number, end: number): Scale {
  const factor = to === from ? 0 : (end - begin) / (to - from);
  return (value) => begin + (value - from) * factor;
}

/** Round marks of a value axis. */
export function valueMarks(from: number, to: number, count = 4): number[] {
  const rough = (to - from) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  return marks(from, to, step);
}

/** Marks of a time axis in minutes, at most so many. */
export function minuteMarks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(count, 1);
  return marks(from, to, STEPS.find((step) => step >= rough) ?? Math.ceil(rough / 10080) * 10080);
}

function marks(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step);
}

/** A number of minutes after the failure: "+90 min", "-2 h", "+3 d". */
export function minutes(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "+";
  if (size === 0) return "0";
  if (size >= 2880 && size % 1440 === 0) return `${sign}${size / 1440} d`;
  if (size >= 120 && size % 60 === 0) return `${sign}${size / 60} h`;
  if (size >= 600) return `${sign}${Math.floor(size / 60)} h ${size % 60} min`;
  return `${sign}${size} min`;
}
