import { z } from "zod";
import { doorbells } from "./node.ts";
import { signedDocumentSchema } from "./signed.ts";

/** `nginx` or `nginx.service`, `backup.timer`, `getty@tty1.service`; no path and no option. */
const unitSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9@:_.\\-]{0,99}$/, "must be a unit's name, such as nginx or backup.timer")
  .refine((name) => !/@(\.[a-z]+)?$/.test(name), "is a template: name an instance of it, such as getty@tty1");

const pathSchema = z
  .string()
  .max(200)
  .regex(/^(\/[A-Za-z0-9@:_.+-]+)+\/?$|^\/$/, "must be an absolute path, such as /etc/ssl/nas.pem")
  .refine((path) => !path.split("/").includes(".."), "must not go up")
  .refine((path) => !/^\/(dev|proc|sys)(\/|$)/.test(path), "must not be below /dev, /proc or /sys");

function listOf(item: z.ZodType<string>, most: number) {
  return z
    .array(item)
    .max(most)
    .refine((list) => new Set(list).size === list.length, "names something twice");
}

const logLevels = ["info", "debug"] as const;

/**
 * How an appliance's agent behaves between its runs. It cannot change keys, doors, or what may run: those are pinned,
 * or come signed by other keys. Thresholds of metrics are the alerts'.
 */
export const applianceConfigSchema = z.strictObject({
  /** Seconds between two heartbeats while nothing runs. Absent: the tenant's. */
  intervalSeconds: z.number().int().min(15).max(300).optional(),
  /** How it is called when there is work. Absent: as it was enrolled. `ssm` only where it was enrolled with it. */
  doorbell: z.enum(doorbells).optional(),
  /** `debug`: also every answered heartbeat. */
  logLevel: z.enum(logLevels).optional(),
  watch: z
    .strictObject({
      /** Units that must be active; all others are told where they have failed. */
      services: listOf(unitSchema, 50).optional(),
      /** Units of which nothing is told. */
      ignoreServices: listOf(unitSchema, 50).optional(),
      /** PEM files whose certificate's end is watched, beside those that Steward's own playbooks made. */
      certificates: listOf(pathSchema, 50).optional(),
      /** Mount points that are watched, beside the one with the state folder. */
      filesystems: listOf(pathSchema, 20).optional(),
      /** Drives are asked for their own diagnosis. Default yes. */
      drives: z.boolean().optional(),
      /** Waiting security updates and restarts are told. Default yes. */
      updates: z.boolean().optional(),
      /** Celsius from which a sensor counts as too hot that says no limit of its own: warning and critical. */
      temperature: z
        .strictObject({ warning: z.number().min(20).max(150), critical: z.number().min(20).max(150) })
        .refine(({ warning, critical }) => warning <= critical, "a warning comes before what is critical")
        .optional(),
    })
    .optional(),
});
export type ApplianceConfig = z.infer<typeof applianceConfigSchema>;

/** What an appliance without a configuration of its own keeps to. */
export const noConfig: ApplianceConfig = {};

/** The payload of a `steward-config-v1`: for one appliance, a revision that only grows, and an end. */
export const signedConfigSchema = z.strictObject({
  v: z.literal(1),
  tenantId: z.string(),
  nodeId: z.string(),
  revision: z.number().int().min(1),
  issuedAtMs: z.number().int(),
  /** An agent does not take it up later. What it keeps to already, it keeps to. */
  expiresAtMs: z.number().int(),
  config: applianceConfigSchema,
});
export type SignedConfig = z.infer<typeof signedConfigSchema>;

/** The answer of the nodes' door: nothing but the revision where the agent has it already. */
export const configAnswerSchema = z.strictObject({
  revision: z.number().int().min(0),
  document: signedDocumentSchema.optional(),
});

const changedBySchema = z.strictObject({ id: z.string(), name: z.string() });

export const putConfigSchema = z.strictObject({
  config: applianceConfigSchema,
  /** The revision that was looked at. Another one in force is a conflict. Absent: whatever it was. */
  revision: z.number().int().min(0).optional(),
  /** Whoever asks says yes to what the gate wants a yes for. */
  confirm: z.boolean().optional(),
  /** The appliance's name, retyped, where the gate wants that of the only person who could say yes. */
  confirmation: z.string().max(100).optional(),
});

export const configRevisionSchema = z.strictObject({
  revision: z.number().int().min(1),
  config: applianceConfigSchema,
  changedAt: z.iso.datetime(),
  changedBy: changedBySchema,
});

export const configViewSchema = z.strictObject({
  nodeId: z.string(),
  name: z.string(),
  /** 0: nobody has set one. */
  revision: z.number().int().min(0),
  config: applianceConfigSchema,
  changedAt: z.iso.datetime().optional(),
  changedBy: changedBySchema.optional(),
  /** The revision that the agent says it keeps to; absent before it has said. */
  reported: z.number().int().min(0).optional(),
  /** `pending`: it has not taken up the newest yet. `unknown`: it has never said. */
  sync: z.enum(["in_sync", "pending", "unknown"]),
});
export type ConfigView = z.infer<typeof configViewSchema>;
