/** Numbers and times as people read them. Times are epoch seconds. */

const LARGE: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const TIME_UNITS: [number, string][] = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

function short(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  return text.includes("e") ? Number(text).toString() : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A number with about three significant digits: 0.0042, 12.3, 4.57k. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const [factor, suffix] = LARGE.find(([limit]) => size >= limit) ?? [1, ""];
  if (factor === 1 && Number.isInteger(value)) return String(value);
  if (size < 1e-4) return value.toExponential(1);
  return short(value / factor, Math.max(digits, Math.floor(Math.log10(size / factor)) + 1)) + suffix;
}

/** A share in percent. */
export function percent(value: number | null | undefined, digits = 4): string {
  return value === null || value === undefined ? "–" : `${number(value, digits)} %`;
}

/** A duration of so many seconds: 850 µs, 12.3 ms, 4.2 s, 3 min 20 s, 2 d 4 h. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds === 0) return "0 s";
  if (seconds < 1e-3) return `${short(seconds * 1e6, 3)} µs`;
  if (seconds < 1) return `${short(seconds * 1e3, 3)} ms`;
  if (seconds < 60) return `${short(seconds, 3)} s`;
  const whole = Math.round(seconds);
  const place = TIME_UNITS.findIndex(([size]) => whole >= size);
  const [size, unit] = TIME_UNITS[place]!;
  const next = TIME_UNITS[place + 1];
  const rest = next ? Math.floor((whole % size) / next[0]) : 0;
  return `${Math.floor(whole / size)} ${unit}${next && rest ? ` ${rest} ${next[1]}` : ""}`;
}

/** A size in bytes: 1.2 MB. */
export function bytes(value: number): string {
  return `${number(value)}B`.replace(/([kMGT]?B)$/, " $1");
}

/** A value with its unit: seconds as a duration, dollars with the sign before, percent and others after. */
export function quantity(value: number | null | undefined, unit = ""): string {
  if (value === null || value === undefined) return "–";
  if (unit === "second" || unit === "s") return duration(value);
  if (unit === "dollar" || unit === "$") return `$${number(value)}`;
  if (unit === "byte") return bytes(value);
  return unit ? `${number(value)} ${unit === "percent" ? "%" : unit}` : number(value);
}

const two = (part: number): string => String(part).padStart(2, "0");

/** The local time of day: 14:03:09. */
export function clock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The local date and time: 2026-12-01 14:03:09. */
export function dateTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(seconds)}`;
}

/** The time since or until a moment: 4 min ago, in 2 h. */
export function relative(seconds: number, now = Date.now() / 1000): string {
  const distance = now - seconds;
  if (Math.abs(distance) < 1) return "now";
  return distance > 0 ? `${duration(Math.round(distance))} ago` : `in ${duration(Math.round(-distance))}`;
}
