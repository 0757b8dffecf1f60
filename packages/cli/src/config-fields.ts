import { type ApplianceConfig, applianceConfigSchema } from "@steward/contracts/appliance-config";
import { pairOf } from "./commands/shared.ts";
import { usageError } from "./exit-codes.ts";

const lists = {
  services: "services",
  ignore: "ignoreServices",
  certificates: "certificates",
  filesystems: "filesystems",
} as const;
const switches = ["drives", "updates"] as const;

/** What `steward config set` takes before the `=`. */
export const configFields = ["interval", "doorbell", "log", ...Object.keys(lists), ...switches, "temperature"] as const;

/** A configuration with these fields set: `interval=120`, `services=nginx,smbd`, `temperature=70/85`; nothing behind the `=` takes one away. */
export function withFields(before: ApplianceConfig, settings: readonly string[]): ApplianceConfig {
  const { watch: watched = {}, ...top } = structuredClone(before);
  const config: Record<string, unknown> = top;
  const watch: Record<string, unknown> = watched;
  for (const setting of settings) {
    const at = setting.indexOf("=");
    const [name, value] = at < 0 ? [setting, undefined] : [setting.slice(0, at), setting.slice(at + 1).trim()];
    if (value === undefined || !(configFields as readonly string[]).includes(name)) {
      throw usageError(`${setting} sets nothing`, `One of: ${configFields.map((field) => `${field}=…`).join(" ")}`);
    }
    const set = (group: Record<string, unknown>, key: string, parsed: unknown) => {
      if (value === "") delete group[key];
      else group[key] = parsed;
    };
    if (name === "interval") set(config, "intervalSeconds", Number(value.replace(/s$/, "")));
    else if (name === "doorbell") set(config, "doorbell", value);
    else if (name === "log") set(config, "logLevel", value);
    else if (name === "temperature") {
      const pair = pairOf(value);
      if (pair === undefined && value !== "") throw usageError(`${setting} is not warning/critical, as in 70/85`);
      set(watch, "temperature", { warning: pair?.[0], critical: pair?.[1] });
    } else if (name in lists) {
      const items = value.split(",").map((one) => one.trim());
      set(
        watch,
        lists[name as keyof typeof lists],
        items.filter((one) => one !== ""),
      );
    } else set(watch, name, value === "yes" ? true : value === "no" ? false : value);
  }
  return parseConfig({ ...config, ...(Object.keys(watch).length === 0 ? {} : { watch }) });
}

export function parseConfig(value: unknown): ApplianceConfig {
  const parsed = applianceConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw usageError(`${issue?.path.join(".") ?? ""} ${issue?.message ?? "is no configuration"}`.trim());
}
