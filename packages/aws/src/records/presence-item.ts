import { hash } from "node:crypto";
import { AppError } from "@steward/contracts/errors";
import type { Condition, Gpu, Health, Metrics, Pulling } from "@steward/contracts/heartbeat";
import { conditionOf, lineOf } from "@steward/core/node/conditions";
import { cutToBytes } from "@steward/core/node/cut-to-bytes";
import { metricNames } from "@steward/core/node/health";
import type { PresenceState, Thresholds } from "@steward/core/node/node-state";
import type { Item } from "../table.ts";

/*
 * How a presence lies in the table. DynamoDB bills a write by the item's size, in steps of 1 KB, and attribute names
 * count: the names are short, metrics are lists in a fixed order, fingerprints and run ids are bytes.
 */

/** Shards of the hot records: 1,000 writes a second each. */
export const presenceShards = 64;
/** Of a shard, in one query. */
export const presencesPerPage = 500;
/** How many runs are announced to an appliance at a time. */
export const maxPendingRuns = 20;
/** Names of models beyond it are left out: what a worker has is shown, not decided, by this list. */
const maxModelBytes = 220;
/** A dozen GPUs of one kind, or three of different ones; those beyond it are left out. */
const maxGpuBytes = 150;
const maxPullingBytes = 60;
const maxVersionBytes = 40;

export function presenceKey(nodeId: string): { pk: string; sk: string } {
  const shard = (hash("sha256", nodeId, "buffer")[0] ?? 0) % presenceShards;
  return { pk: shardKey(shard), sk: nodeId };
}

export function shardKey(shard: number): string {
  return `SYS#PRESENCE#${shard}`;
}

/** Attributes of the item, by what they hold. */
export const names = {
  "#shape": "v",
  "#tenant": "t",
  "#kind": "k",
  "#sequence": "q",
  "#seen": "at",
  "#interval": "i",
  "#m1": "m1",
  "#m2": "m2",
  "#m3": "m3",
  "#conditions": "w",
  "#version": "a",
  "#facts": "f",
  "#revision": "cf",
  "#capacity": "c",
  "#models": "mo",
  "#gpus": "g",
  "#draining": "dr",
  "#pulling": "p",
  "#current": "cc",
  "#next": "cn",
  "#revoked": "cr",
  "#expires": "ce",
  "#toldInterval": "di",
  "#toldRevision": "dc",
  "#toldThresholds": "dt",
  "#runs": "r",
  "#level": "l",
  "#epoch": "e",
  "#metricLevels": "lm",
  "#conditionDigest": "lc",
  "#writeId": "writeId",
} as const;
export type PresenceName = keyof typeof names;

/** The entries of `names` that an expression uses: DynamoDB refuses unused ones. */
export function namesIn(...expressions: string[]): Record<string, string> {
  const text = expressions.join(" ");
  const used = new Set(text.match(/#[A-Za-z0-9]+/g));
  return Object.fromEntries(Object.entries(names).filter(([name]) => used.has(name)));
}

export function itemOfPresence(state: PresenceState): Item {
  const values: Partial<Record<PresenceName, unknown>> = {
    "#shape": state.v,
    "#tenant": state.tenantId,
    "#kind": state.kind === "worker" ? "w" : "a",
    "#sequence": state.sequence,
    "#seen": state.lastSeenAtMs,
    "#interval": state.intervalSeconds,
    // Present from the start: `m2 = m1` of a missing attribute is an error.
    "#m1": packMetrics(state.m1),
    "#m2": packMetrics(state.m2),
    "#m3": packMetrics(state.m3),
    "#conditions": packConditions(state.conditions ?? []),
    "#version": state.agentVersion === undefined ? undefined : packVersion(state.agentVersion),
    "#facts": state.factsDigest === undefined ? undefined : packHex(state.factsDigest),
    "#revision": state.configRevision,
    "#capacity": state.capacity === undefined ? undefined : [state.capacity.slots, state.capacity.used],
    "#models": state.models === undefined ? undefined : packModels(state.models),
    "#gpus": state.gpus === undefined ? undefined : packGpus(state.gpus),
    "#draining": state.draining,
    "#pulling": state.pulling === undefined ? undefined : packPulling(state.pulling),
    "#current": packHex(state.certificate.current),
    "#next": state.certificate.next === undefined ? undefined : packHex(state.certificate.next),
    "#revoked": state.certificate.revoked,
    "#expires": state.certificate.expiresAtMs,
    "#toldInterval": state.directive.intervalSeconds,
    "#toldRevision": state.directive.configRevision,
    "#toldThresholds": packThresholds(state.directive.thresholds),
    "#runs": packRuns(state.directive.pendingRuns),
    "#level": state.announced.level,
    "#epoch": state.announced.epoch,
    "#metricLevels": packLevels(state.announced.metrics),
    "#conditionDigest": state.announced.conditions,
  };
  const item: Item = { ...presenceKey(state.nodeId) };
  for (const [name, attribute] of Object.entries(names)) {
    const value = values[name as PresenceName];
    if (value !== undefined) item[attribute] = value;
  }
  return item;
}

export function presenceOfItem(item: Item): PresenceState {
  const read = (name: PresenceName): unknown => item[names[name]];
  if (read("#shape") !== 1) {
    throw new AppError(
      "internal",
      `the presence of ${String(item["sk"])} has a shape that this version does not know`,
      {
        next: "Roll forward to the version that wrote it.",
        retryable: false,
      },
    );
  }
  const current = unpackHex(read("#current")) ?? "";
  const next = unpackHex(read("#next"));
  const capacity = read("#capacity");
  const version = read("#version");
  const models = read("#models");
  const gpus = read("#gpus");
  const draining = read("#draining");
  const revision = read("#revision");
  const expires = read("#expires");
  const conditions = read("#conditions");
  const digest = read("#conditionDigest");
  const thresholds = unpackThresholds(read("#toldThresholds"));
  return compact<PresenceState>({
    v: 1,
    nodeId: String(item["sk"]),
    tenantId: String(read("#tenant")),
    kind: read("#kind") === "w" ? "worker" : "appliance",
    sequence: Number(read("#sequence")),
    lastSeenAtMs: Number(read("#seen")),
    intervalSeconds: Number(read("#interval")),
    m1: unpackMetrics(read("#m1")),
    m2: unpackMetrics(read("#m2")),
    m3: unpackMetrics(read("#m3")),
    conditions: typeof conditions === "string" ? conditions.split("\n").map(conditionOf) : undefined,
    agentVersion: typeof version === "string" ? version : undefined,
    factsDigest: unpackHex(read("#facts")),
    configRevision: typeof revision === "number" ? revision : undefined,
    capacity: Array.isArray(capacity) ? { slots: Number(capacity[0]), used: Number(capacity[1]) } : undefined,
    models: Array.isArray(models) ? models.map(String) : undefined,
    gpus: typeof gpus === "string" ? unpackGpus(gpus) : undefined,
    draining: typeof draining === "boolean" ? draining : undefined,
    pulling: unpackPulling(read("#pulling")),
    // A promoted certificate stays in `next` until the following one: see `beat`.
    certificate: compact({
      current,
      next: next === current ? undefined : next,
      revoked: read("#revoked") !== false,
      expiresAtMs: typeof expires === "number" ? expires : undefined,
    }),
    directive: compact({
      intervalSeconds: Number(read("#toldInterval")),
      configRevision: Number(read("#toldRevision")),
      pendingRuns: unpackRuns(read("#runs")),
      thresholds,
    }),
    announced: compact({
      level: String(read("#level")) as Health,
      epoch: Number(read("#epoch")),
      metrics: unpackLevels(read("#metricLevels")),
      conditions: typeof digest === "number" ? digest : undefined,
    }),
  });
}

/** Without the fields that are undefined. Written out: every heartbeat is read here. */
function compact<T extends object>(value: T): T {
  const kept: Partial<T> = {};
  for (const name in value) if (value[name] !== undefined) kept[name] = value[name];
  return kept as T;
}

/** Rounded: two digits say enough of a percentage, and what is stored must fit however long the sender's numbers are. */
export function packMetrics(metrics: Metrics | undefined): number[] {
  if (metrics === undefined) return [];
  const { cpuPercent, memoryPercent, diskPercent, loadAverage1m, uptimeSeconds } = metrics;
  return [
    twoDigits(cpuPercent),
    twoDigits(memoryPercent),
    twoDigits(diskPercent),
    twoDigits(loadAverage1m),
    Math.min(Math.floor(uptimeSeconds), 9_999_999_999),
  ];
}

function twoDigits(value: number): number {
  return Math.round(value * 100) / 100;
}

/** As they are read back: whoever judges them before has the same numbers as whoever does later. */
export function keptMetrics(metrics: Metrics): Metrics {
  return unpackMetrics(packMetrics(metrics)) ?? metrics;
}

function unpackMetrics(value: unknown): Metrics | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const [cpuPercent = 0, memoryPercent = 0, diskPercent = 0, loadAverage1m = 0, uptimeSeconds = 0] = value.map(Number);
  return { cpuPercent, memoryPercent, diskPercent, loadAverage1m, uptimeSeconds };
}

/** A digit to base 3 for each metric. */
export function packLevels(levels: readonly number[] | undefined): number | undefined {
  return levels?.reduce((sum, level) => sum * 3 + level, 0);
}

function unpackLevels(value: unknown): number[] | undefined {
  if (typeof value !== "number") return undefined;
  return metricNames.map((_, at) => Math.floor(value / 3 ** (metricNames.length - 1 - at)) % 3);
}

/** One line each. Undefined for none: the attribute is not there then. */
export function packConditions(conditions: readonly Condition[]): string | undefined {
  return conditions.length === 0 ? undefined : conditions.map(lineOf).join("\n");
}

export function packVersion(version: string): string {
  return cutToBytes(version, maxVersionBytes);
}

export function packModels(models: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const model of models) {
    bytes += Buffer.byteLength(model) + 1;
    if (bytes > maxModelBytes) break;
    kept.push(model);
  }
  return kept;
}

/**
 * One line a GPU: name, memory, free memory, use; numbers to base 36. What is the same as on the line before is left
 * out: a host's GPUs mostly are of one kind.
 */
export function packGpus(gpus: readonly Gpu[]): string {
  let text = "";
  let before: { name?: string; vram?: string } = {};
  for (const gpu of gpus) {
    const name = cutToBytes(gpu.name.replace(/[|\n]/g, " "), 40);
    const vram = gpu.vramMb.toString(36);
    const used = gpu.usedPercent === undefined ? "" : Math.round(gpu.usedPercent).toString(36);
    const first = before.name === name ? "" : name;
    const line = [first, before.vram === vram ? "" : vram, gpu.freeMb.toString(36), used].join("|");
    const next = text === "" ? line : `${text}\n${line}`;
    if (Buffer.byteLength(next) > maxGpuBytes) break;
    text = next;
    before = { name, vram };
  }
  return text;
}

export function unpackGpus(text: string): Gpu[] {
  if (text === "") return [];
  let name = "";
  let vramMb = 0;
  return text.split("\n").map((line) => {
    const [first, vram, free, used] = line.split("|");
    if (first) name = first;
    if (vram) vramMb = Number.parseInt(vram, 36);
    const freeMb = Number.parseInt(free || "0", 36);
    return { name, vramMb, freeMb, ...(used ? { usedPercent: Number.parseInt(used, 36) } : {}) };
  });
}

export function packPulling({ model, percent, problem }: Pulling): (string | number)[] {
  const packed = [cutToBytes(model, maxPullingBytes), Math.round(percent)];
  return problem === undefined ? packed : [...packed, problem];
}

function unpackPulling(value: unknown): Pulling | undefined {
  if (!Array.isArray(value)) return undefined;
  const [model, percent, problem] = value as unknown[];
  const known = problem === "disk_full" || problem === "failing" ? { problem } : {};
  return { model: String(model), percent: Number(percent), ...known } as Pulling;
}

export function packHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function unpackHex(value: unknown): string | undefined {
  return value instanceof Uint8Array ? hexOf(value) : undefined;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function packThresholds(thresholds: Partial<Thresholds> | undefined): (number | null)[] | undefined {
  return thresholds === undefined ? undefined : metricNames.flatMap((name) => thresholds[name] ?? [null, null]);
}

function unpackThresholds(value: unknown): Partial<Thresholds> | undefined {
  if (!Array.isArray(value)) return undefined;
  return Object.fromEntries(
    metricNames.flatMap((name, index) => {
      const [warning, critical] = [value[index * 2] as unknown, value[index * 2 + 1] as unknown];
      return typeof warning === "number" && typeof critical === "number" ? [[name, [warning, critical]]] : [];
    }),
  );
}

const crockford = "0123456789abcdefghjkmnpqrstvwxyz";

/** A run's id as 19 bytes: its rollout's ULID (128 bits) and its number among the targets (four digits to base 36). */
export function packRun(runId: string): Uint8Array {
  const match = /^run_([0-7][0-9a-hjkmnp-tv-z]{25})([0-9a-z]{4})$/.exec(runId);
  const [, ulid, number] = match ?? [];
  if (ulid === undefined || number === undefined) {
    throw new AppError("internal", `${runId} is not the id of a run`, { retryable: false });
  }
  let bits = 0n;
  for (const letter of ulid) bits = bits * 32n + BigInt(crockford.indexOf(letter));
  const packed = (bits << 24n) | BigInt(Number.parseInt(number, 36));
  return Uint8Array.from(Buffer.from(packed.toString(16).padStart(38, "0"), "hex"));
}

export function unpackRun(bytes: Uint8Array): string {
  const packed = BigInt(`0x${hexOf(bytes)}`);
  let bits = packed >> 24n;
  let ulid = "";
  for (let place = 0; place < 26; place++) {
    ulid = (crockford[Number(bits % 32n)] ?? "") + ulid;
    bits /= 32n;
  }
  return `run_${ulid}${Number(packed & 0xffffffn)
    .toString(36)
    .padStart(4, "0")}`;
}

/** A set, which DynamoDB adds to and takes from without reading it; it has no empty ones. */
function packRuns(runIds: readonly string[]): Set<Uint8Array> | undefined {
  return runIds.length === 0 ? undefined : new Set(runIds.map(packRun));
}

/** Oldest rollout first: a set has no order of its own. */
function unpackRuns(value: unknown): string[] {
  if (!(value instanceof Set)) return [];
  return [...value].flatMap((bytes) => (bytes instanceof Uint8Array ? [unpackRun(bytes)] : [])).sort();
}
