import type { FoundGpu } from "./found-gpu.ts";

export const rocmArgs = ["--showproductname", "--showmeminfo", "vram", "--showuse", "--showdriverversion", "--json"];
export const amdMetricArgs = ["metric", "--mem-usage", "--usage", "--json"];
export const amdStaticArgs = ["static", "--asic", "--driver", "--json"];

type Json = Record<string, unknown>;

/**
 * `rocm-smi --json`: `{"card0": {"VRAM Total Memory (B)": "…"}, "system": {"Driver version": "…"}}`. Keys have changed
 * their capitals between versions, and the model's name its key. Undefined where it is not that.
 */
export function readRocmSmi(text: string): FoundGpu[] | undefined {
  const whole = jsonIn(text);
  if (!isObject(whole)) return undefined;
  const system = isObject(whole["system"]) ? lowerKeys(whole["system"]) : {};
  const driver = textOf(system["driver version"]);
  const gpus: FoundGpu[] = [];
  for (const [card, fields] of Object.entries(whole)) {
    if (!/^card\d+$/.test(card)) continue;
    if (!isObject(fields)) return undefined;
    const say = lowerKeys(fields);
    const total = numberOf(say["vram total memory (b)"]);
    const used = numberOf(say["vram total used memory (b)"]);
    const busy = numberOf(say["gpu use (%)"]);
    gpus.push({
      name: nameOf([say["device name"], say["card series"], say["card model"], say["card sku"]]),
      vendor: "amd",
      ...(driver === undefined ? {} : { driver }),
      ...(total === undefined ? {} : { vramMb: toMb(total) }),
      ...(total === undefined || used === undefined ? {} : { freeMb: toMb(Math.max(0, total - used)) }),
      ...(busy === undefined ? {} : { usedPercent: Math.min(100, busy) }),
      memory: "own",
    });
  }
  return gpus.length === 0 && whole["system"] === undefined ? undefined : gpus;
}

/** `amd-smi metric` and `amd-smi static`: a list, or since ROCm 7 `{"gpu_data": [...]}`; values bare or `{value, unit}`. */
export function readAmdSmi(metric: string, about: string): FoundGpu[] | undefined {
  const metrics = gpuList(jsonIn(metric));
  if (metrics === undefined) return undefined;
  const known = new Map((gpuList(jsonIn(about)) ?? []).map((one) => [String(one["gpu"]), one]));
  return metrics.map((one) => {
    const fixed = known.get(String(one["gpu"])) ?? {};
    const memory = part(one, "mem_usage");
    const total = amountMb(memory["total_vram"]);
    const used = amountMb(memory["used_vram"]);
    const free =
      amountMb(memory["free_vram"]) ?? (total === undefined || used === undefined ? undefined : total - used);
    const busy = numberOf(bare(part(one, "usage")["gfx_activity"]));
    const driver = part(fixed, "driver");
    const version = textOf(driver["version"] ?? driver["driver_version"]);
    return {
      name: nameOf([part(fixed, "asic")["market_name"], part(fixed, "board")["product_name"]]),
      vendor: "amd",
      ...(version === undefined ? {} : { driver: version }),
      ...(total === undefined ? {} : { vramMb: Math.round(total) }),
      ...(free === undefined ? {} : { freeMb: Math.max(0, Math.round(free)) }),
      ...(busy === undefined ? {} : { usedPercent: Math.min(100, busy) }),
      memory: "own",
    };
  });
}

/** Warnings may come before the answer ("AMD GPU device(s) is/are in a low-power state"). */
function jsonIn(text: string): unknown {
  const start = text.search(/^\s*[[{]/m);
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}

function gpuList(value: unknown): Json[] | undefined {
  const list = isObject(value) ? value["gpu_data"] : value;
  return Array.isArray(list) && list.every(isObject) ? list : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const part = (object: Json, name: string): Json => (isObject(object[name]) ? object[name] : {});
const lowerKeys = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key.toLowerCase(), value]));
const bare = (value: unknown): unknown => (isObject(value) ? value["value"] : value);
const toMb = (bytes: number): number => Math.floor(bytes / 1_048_576);

/** `N/A`, empty and hexadecimal model numbers are no names. */
function nameOf(candidates: readonly unknown[]): string {
  const names = candidates.map(textOf).filter((name) => name !== undefined && !/^0x[0-9a-f]+$/i.test(name));
  return names[0] ?? "AMD GPU";
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value).trim();
  return text === "" || /^n\/a$/i.test(text) ? undefined : text;
}

function numberOf(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const unitsMb: Record<string, number> = { b: 1 / 1_048_576, kb: 1 / 1024, mb: 1, gb: 1024 };

function amountMb(value: unknown): number | undefined {
  const amount = numberOf(bare(value));
  const unit = isObject(value) ? textOf(value["unit"])?.toLowerCase() : "mb";
  const factor = unitsMb[unit ?? "mb"];
  return amount === undefined || factor === undefined ? undefined : amount * factor;
}
