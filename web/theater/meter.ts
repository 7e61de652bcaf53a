/** The numbers of the chats that this tab sent, in buckets of a few seconds. */
import type { Numbers } from "./scene";

export interface Sample {
  at: number;
  answered: boolean;
  tokens: number;
  cost: number;
  seconds: number;
}

const KEPT_SECONDS = 3600;
export const BUCKET_SECONDS = 5;

/** The value that a share of the samples does not exceed, by the nearest rank. */
export function percentile(values: number[], share: number): number | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}

export class Meter {
  private samples: Sample[] = [];

  add(sample: Sample): void {
    this.samples.push(sample);
    const oldest = sample.at - KEPT_SECONDS;
    if (this.samples[0]!.at < oldest) this.samples = this.samples.filter((kept) => kept.at >= oldest);
  }

  /** The buckets between two moments. One without a chat has no values. */
  numbers(from: number, to: number): Numbers {
    const first = Math.floor(from / BUCKET_SECONDS);
    const count = Math.max(1, Math.ceil(to / BUCKET_SECONDS) - first);
    const buckets: Sample[][] = Array.from({ length: count }, () => []);
    for (const sample of this.samples) buckets[Math.floor(sample.at / BUCKET_SECONDS) - first]?.push(sample);
    const column = (value: (bucket: Sample[]) => number | null) =>
      buckets.map((bucket) => (bucket.length ? value(bucket) : null));
    const sum = (pick: (sample: Sample) => number) => (bucket: Sample[]) =>
      bucket.reduce((total, sample) => total + pick(sample), 0);
    return {
      times: buckets.map((_, place) => (first + place) * BUCKET_SECONDS),
      answered: column(sum((sample) => Number(sample.answered))),
      failed: column(sum((sample) => Number(!sample.answered))),
      tokens: column(sum((sample) => sample.tokens)),
      cost: column(sum((sample) => sample.cost)),
      latency: column((bucket) => percentile(bucket.map((sample) => sample.seconds), 0.95)),
    };
  }
}
