import type { Gpu, Pulling } from "@steward/contracts/heartbeat";
import { visible } from "./visible.ts";

/** What a worker answers with, and what it still fetches. */
export function modelsText(worker: { models?: readonly string[]; pulling?: Pulling }): string {
  const { models = [], pulling } = worker;
  return [...models.map(visible), ...(pulling === undefined ? [] : [pullingText(pulling)])].join(", ");
}

function pullingText({ model, percent, problem }: Pulling): string {
  if (problem === "disk_full") return `${visible(model)} does not come: the disk is full`;
  if (problem === "failing") return `${visible(model)} does not come: pulling it fails`;
  return `pulling ${visible(model)} ${Math.floor(percent)} %`;
}

/** `2 × NVIDIA A10G`, for a table. */
export function gpusText(gpus: readonly Gpu[] = []): string {
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${count} × ${visible(name)}` : visible(name))).join(", ");
}

/** `NVIDIA A10G, 22.1 of 22.5 GiB free, 3 % busy` */
export function gpuText({ name, vramMb, freeMb, usedPercent }: Gpu): string {
  const gib = (mb: number) => (mb / 1024).toFixed(1);
  const memory = vramMb === 0 ? "memory unknown" : `${gib(freeMb)} of ${gib(vramMb)} GiB free`;
  return [visible(name), memory, ...(usedPercent === undefined ? [] : [`${Math.round(usedPercent)} % busy`])].join(
    ", ",
  );
}
