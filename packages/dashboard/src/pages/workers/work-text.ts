import type { Gpu, Pulling } from "@steward/contracts/heartbeat";
import type { LaneView, QueueStatus } from "@steward/contracts/queues";
import { spanText, type Tone, visible } from "../../text.ts";

/** `0.4 s`, `2.1 s`, `40 s`, `5 min`: jobs are short, and a tenth counts. */
export function secondsText(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  if (seconds > 0 && seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return spanText(seconds);
}

/** How long a new job would wait: in a few words, what they stand on, and how good that is. */
export function waitWords(wait: LaneView["expectedWait"]): { text: string; range: string; tone: Tone } {
  if (wait.kind === "unknown") return { text: "nobody knows", range: visible(wait.why), tone: "bad" };
  const { seconds, fromSeconds, toSeconds, basis } = wait;
  const assumed = basis === "assumed" ? "; job lengths assumed" : "";
  if (toSeconds === undefined) {
    return {
      text: seconds === 0 ? "at once" : `about ${secondsText(seconds)}`,
      range: `more comes in than is done${assumed}`,
      tone: "bad",
    };
  }
  if (seconds === 0 && toSeconds < 1)
    return { text: "at once", range: basis === "assumed" ? "job lengths assumed" : "a slot is free", tone: "good" };
  return {
    text: seconds === 0 ? "at once" : `about ${secondsText(seconds)}`,
    range: `${secondsText(fromSeconds)} to ${secondsText(toSeconds)}${assumed}`,
    tone: seconds < 30 ? "good" : "wait",
  };
}

/** Per minute: `0`, `0.4`, `12`. */
export function rateText(perMinute: number): string {
  return perMinute === 0 ? "0" : perMinute < 10 ? perMinute.toFixed(1) : String(Math.round(perMinute));
}

/** `half within 1.3 times, nine of ten within 2.2 times` */
export function errorText(error: { p50: number; p90: number } | undefined): string {
  if (error === undefined) return "";
  const times = (log: number) => `${Math.exp(log).toFixed(1)} times`;
  return `half within ${times(error.p50)}, nine of ten within ${times(error.p90)}`;
}

/** What of a worker's slots is at work, free, or kept closed because it is leaving. */
export function slotsOf(worker: { slots: number; used: number; draining?: boolean | undefined; health: string }): {
  busy: number;
  free: number;
  closed: number;
} {
  const busy = Math.min(worker.used, worker.slots);
  const left = worker.slots - busy;
  return worker.draining === true || worker.health === "offline"
    ? { busy, free: 0, closed: left }
    : { busy, free: left, closed: 0 };
}

/** All workers together. Those that are offline have no slots to give. */
export function slotsTotal(workers: QueueStatus["workers"]): {
  busy: number;
  free: number;
  closed: number;
  total: number;
} {
  const sum = { busy: 0, free: 0, closed: 0, total: 0 };
  for (const worker of workers) {
    const one = slotsOf(worker);
    sum.busy += one.busy;
    sum.free += one.free;
    sum.closed += one.closed;
    sum.total += worker.slots;
  }
  return sum;
}

export function slotsWords({ busy, free, closed }: { busy: number; free: number; closed: number }): string {
  const parts = [`${busy} at work`, `${free} free`, ...(closed === 0 ? [] : [`${closed} closed`])];
  return parts.join(", ");
}

/** `pulling llama3.1:8b 40 %`, or why it does not come. */
export function pullingText({ model, percent, problem }: Pulling): string {
  if (problem === "disk_full") return `${visible(model)} does not come: the disk is full`;
  if (problem === "failing") return `${visible(model)} does not come: pulling it fails`;
  return `pulling ${visible(model)}, ${Math.floor(percent)} %`;
}

/** `2 × NVIDIA A10G` */
export function gpusText(gpus: readonly Gpu[] = []): string {
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${count} × ${visible(name)}` : visible(name))).join(", ");
}

/** `0a1b 2c3d …`: what somebody can compare with a screen. */
export function inGroups(fingerprint: string): string {
  return (fingerprint.match(/.{1,4}/g) ?? []).join(" ");
}

/** Why a machine gets no work, if it gets none. */
export function standing(node: {
  confirmed: boolean;
  quarantinedAt?: string | undefined;
  revokedAt?: string | undefined;
  draining?: boolean | undefined;
}): { text: string; tone: Tone } | undefined {
  if (node.revokedAt !== undefined) return { text: "shut out", tone: "bad" };
  if (node.quarantinedAt !== undefined) return { text: "in quarantine", tone: "bad" };
  if (!node.confirmed) return { text: "to be confirmed", tone: "wait" };
  if (node.draining === true) return { text: "draining", tone: "wait" };
  return undefined;
}
