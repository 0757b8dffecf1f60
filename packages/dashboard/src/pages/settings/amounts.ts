import type { QuotaName } from "@steward/contracts/limits";
import type { Tone } from "../../text.ts";

export const quotaWords: Record<QuotaName, string> = {
  appliances: "Appliances",
  tasksPerDay: "Requests today",
  queuedJobs: "Requests that models work on",
  modelUsdPerMonth: "Claude this month",
  outputBytesPerDay: "Output of machines today",
};

export const quotaMeanings: Record<QuotaName, string> = {
  appliances: "Home servers that may be enrolled. Whoever removes one makes room.",
  tasksPerDay: "Questions and changes that may be asked for in a day (UTC). Questions may take half of it.",
  queuedJobs: "Requests that may wait for a model, or be with one, at the same time. Room comes as they end.",
  modelUsdPerMonth:
    "What the larger model may cost in a month, in US dollars. It is asked only where your own fall short.",
  outputBytesPerDay: "What machines may print and send in a day.",
};

export function amountText(quota: QuotaName, value: number): string {
  if (quota === "modelUsdPerMonth") return `$${value.toFixed(2)}`;
  return quota === "outputBytesPerDay" ? bytesText(value) : value.toLocaleString("en");
}

const units = ["B", "KB", "MB", "GB", "TB", "PB"];

export function bytesText(value: number): string {
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** How near a quota is to its end; nothing is near its end while nothing is used. */
export function quotaTone({ used, limit }: { used: number; limit: number }): Tone {
  if (used > 0 && used >= limit) return "bad";
  return used > 0 && used >= limit * 0.8 ? "wait" : "good";
}
