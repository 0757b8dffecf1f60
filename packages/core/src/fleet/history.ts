import { sha256Hex } from "@steward/contracts/canonical";
import type { HealthCounts } from "@steward/contracts/fleet";
import { type Health, healthLevels, type Metrics } from "@steward/contracts/heartbeat";
import { countHealth } from "./query.ts";

/*
 * What a fleet's metrics were, in steps of five minutes for a week. A step is taken from what presence holds anyway (the
 * last three sets of metrics), packed at 12 bytes a node, with about 64 nodes in an item: one write unit for 64 nodes and
 * five minutes.
 */

export const historyStepMs = 300_000;
export const historyKeptMs = 7 * 86_400_000;

export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / historyStepMs) * historyStepMs;
}

/** In how many parts a tenant's nodes are kept: a power of two, so that a growing fleet's node moves seldom. */
export function partsFor(nodes: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(nodes / nodesPerPart)));
}
const nodesPerPart = 64;

const idBytes = 6;
const rowBytes = idBytes + 6;

const hashOf = (nodeId: string) => sha256Hex(nodeId).slice(0, idBytes * 2);

/** The part that a node's rows are in. */
export function partOf(nodeId: string, parts: number): number {
  return Number.parseInt(hashOf(nodeId).slice(0, 8), 16) % parts;
}

export interface Sample {
  health: Health;
  cpuPercent: number;
  memoryPercent: number;
  diskPercent: number;
  loadAverage1m: number;
}

/** The mean of the last metric sets of a node. */
export function sampleOf(health: Health, sets: readonly (Metrics | undefined)[]): Sample | undefined {
  const known = sets.filter((set) => set !== undefined);
  if (known.length === 0) return undefined;
  const mean = (name: "cpuPercent" | "memoryPercent" | "diskPercent" | "loadAverage1m") =>
    known.reduce((sum, set) => sum + set[name], 0) / known.length;
  return {
    health,
    cpuPercent: mean("cpuPercent"),
    memoryPercent: mean("memoryPercent"),
    diskPercent: mean("diskPercent"),
    loadAverage1m: mean("loadAverage1m"),
  };
}

/** Percents in steps of a half, load in hundredths up to 655: what a plot can show. */
export function packSamples(samples: readonly { nodeId: string; sample: Sample }[]): Uint8Array {
  const bytes = new Uint8Array(samples.length * rowBytes);
  const view = new DataView(bytes.buffer);
  samples.forEach(({ nodeId, sample }, index) => {
    const at = index * rowBytes;
    for (const [place, byte] of bytesOf(hashOf(nodeId)).entries()) bytes[at + place] = byte;
    view.setUint8(at + idBytes, healthLevels.indexOf(sample.health));
    view.setUint8(at + idBytes + 1, Math.round(sample.cpuPercent * 2));
    view.setUint8(at + idBytes + 2, Math.round(sample.memoryPercent * 2));
    view.setUint8(at + idBytes + 3, Math.round(sample.diskPercent * 2));
    view.setUint16(at + idBytes + 4, Math.min(Math.round(sample.loadAverage1m * 100), 65_535));
  });
  return bytes;
}

/** The node's sample in a part; undefined where it has none: it was silent, or not there yet. */
export function sampleIn(packed: Uint8Array, nodeId: string): Sample | undefined {
  const wanted = bytesOf(hashOf(nodeId));
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at + rowBytes <= packed.byteLength; at += rowBytes) {
    if (!wanted.every((byte, place) => packed[at + place] === byte)) continue;
    return {
      health: healthLevels[view.getUint8(at + idBytes)] ?? "offline",
      cpuPercent: view.getUint8(at + idBytes + 1) / 2,
      memoryPercent: view.getUint8(at + idBytes + 2) / 2,
      diskPercent: view.getUint8(at + idBytes + 3) / 2,
      loadAverage1m: view.getUint16(at + idBytes + 4) / 100,
    };
  }
  return undefined;
}

function bytesOf(hex: string): number[] {
  return Array.from({ length: hex.length / 2 }, (_, place) => Number.parseInt(hex.slice(place * 2, place * 2 + 2), 16));
}

/** A whole fleet in one step. Means are over the nodes that were in touch. */
export interface FleetSums extends HealthCounts {
  cpuPercent: number;
  memoryPercent: number;
  diskPercent: number;
}

export function sumsOf(healths: readonly Health[], samples: readonly Sample[]): FleetSums {
  const counts = countHealth(healths.map((health) => ({ health })));
  const sums: FleetSums = { ...counts, cpuPercent: 0, memoryPercent: 0, diskPercent: 0 };
  if (samples.length === 0) return sums;
  const mean = (name: "cpuPercent" | "memoryPercent" | "diskPercent") =>
    Math.round((samples.reduce((sum, sample) => sum + sample[name], 0) / samples.length) * 10) / 10;
  return {
    ...sums,
    cpuPercent: mean("cpuPercent"),
    memoryPercent: mean("memoryPercent"),
    diskPercent: mean("diskPercent"),
  };
}
