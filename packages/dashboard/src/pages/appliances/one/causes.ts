import { conditionKinds } from "@steward/contracts/heartbeat";

const metrics: Readonly<Record<string, string>> = {
  cpuPercent: "the processors are busy",
  memoryPercent: "memory is short",
  diskPercent: "a disk is nearly full",
  loadAverage1m: "the load is high",
};

/** What a machine is not healthy for, in words: `diskPercent`, `service:nginx.service`. A kind that a newer agent knows by its name. */
export function causeText(part: string): { what: string; subject?: string } {
  const at = part.indexOf(":");
  const kind = at < 0 ? part : part.slice(0, at);
  const known: Readonly<Record<string, string>> = { ...metrics, ...conditionKinds };
  const what = Object.hasOwn(known, kind) ? (known[kind] ?? kind) : kind;
  return at < 0 ? { what } : { what, subject: part.slice(at + 1) };
}

/** The same, as short as a cell of a table has room for: `disk`, `service nginx.service`. */
export function causeBrief(part: string): string {
  const brief: Readonly<Record<string, string>> = {
    cpuPercent: "CPU",
    memoryPercent: "memory",
    diskPercent: "disk",
    loadAverage1m: "load",
  };
  const { subject } = causeText(part);
  const kind = subject === undefined ? part : part.slice(0, part.length - subject.length - 1);
  const name = Object.hasOwn(brief, kind) ? (brief[kind] ?? kind) : kind;
  return subject === undefined ? name : `${name} ${subject}`;
}
