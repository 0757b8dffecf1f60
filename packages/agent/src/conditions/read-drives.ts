import type { Condition } from "@steward/contracts/heartbeat";
import { z } from "zod";

/** The parts of `smartctl --json` that say how a drive is. Every one may be missing: makers and versions differ. */
const attributeSchema = z.object({
  id: z.number(),
  when_failed: z.string().optional(),
  flags: z.object({ prefailure: z.boolean().optional() }).optional(),
  raw: z.object({ value: z.number() }).optional(),
});
const reportSchema = z.object({
  smartctl: z.object({ exit_status: z.number() }).optional(),
  device: z.object({ name: z.string(), info_name: z.string().optional() }).optional(),
  model_name: z.string().optional(),
  scsi_model_name: z.string().optional(),
  smart_status: z.object({ passed: z.boolean().optional() }).optional(),
  ata_smart_attributes: z.object({ table: z.array(attributeSchema) }).optional(),
  nvme_smart_health_information_log: z
    .object({
      critical_warning: z.number().optional(),
      available_spare: z.number().optional(),
      available_spare_threshold: z.number().optional(),
      percentage_used: z.number().optional(),
      media_errors: z.number().optional(),
    })
    .optional(),
});

/** `Current_Pending_Sector` and `Offline_Uncorrectable`: what cannot be read now. */
const unreadableSectors = new Set([197, 198]);
/** Bits of the exit status: the command was wrong, or the drive did not open (or sleeps). Nothing was learnt then. */
const notAsked = 0b11;

/** What a drive says of itself; undefined where it said nothing. `ok`: it has nothing to complain of. */
export function readDrive(text: string): { drive: string; level: "ok" | Condition["level"] } | undefined {
  const parsed = reportSchema.safeParse(parseJson(text));
  const { data } = parsed;
  if (data?.device === undefined || ((data.smartctl?.exit_status ?? 0) & notAsked) !== 0) return undefined;
  const model = data.model_name ?? data.scsi_model_name;
  // All drives behind one controller have its name; `info_name` says which one: `/dev/sda [megaraid_disk_03]`.
  const name = data.device.info_name ?? data.device.name;
  const drive = `${name.replace(/^\/dev\//, "")}${model === undefined ? "" : ` ${model.trim()}`}`;
  return { drive, level: levelOf(data) };
}

function levelOf(report: z.output<typeof reportSchema>): "ok" | Condition["level"] {
  const attributes = report.ata_smart_attributes?.table ?? [];
  const nvme = report.nvme_smart_health_information_log ?? {};
  const { available_spare: spare, available_spare_threshold: least } = nvme;
  const fails =
    report.smart_status?.passed === false ||
    attributes.some(({ when_failed, flags }) => when_failed === "now" && flags?.prefailure === true) ||
    (nvme.critical_warning ?? 0) !== 0 ||
    (spare !== undefined && least !== undefined && spare < least);
  if (fails) return "critical";
  const wears =
    attributes.some(({ id, raw }) => unreadableSectors.has(id) && (raw?.value ?? 0) > 0) ||
    (nvme.media_errors ?? 0) > 0 ||
    (nvme.percentage_used ?? 0) >= 100;
  return wears ? "warning" : "ok";
}

const scanSchema = z.object({ devices: z.array(z.object({ name: z.string(), type: z.string().optional() })) });

/** What `smartctl --scan --json` found: names and how to speak with them. */
export function readScan(text: string): { name: string; type?: string | undefined }[] {
  return scanSchema.safeParse(parseJson(text)).data?.devices ?? [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
