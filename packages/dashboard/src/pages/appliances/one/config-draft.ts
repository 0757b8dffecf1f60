import { type ApplianceConfig, applianceConfigSchema } from "@steward/contracts/appliance-config";
import type { FieldProblem } from "@steward/contracts/errors";

/** Absent in the configuration: as the tenant, or as Steward has it. */
type Choice = "" | "yes" | "no";
export interface ConfigDraft {
  interval: string;
  doorbell: "" | "pull" | "ssm";
  logLevel: "" | "info" | "debug";
  services: string;
  ignoreServices: string;
  certificates: string;
  filesystems: string;
  drives: Choice;
  updates: Choice;
  temperatureWarning: string;
  temperatureCritical: string;
}

const lists = ["services", "ignoreServices", "certificates", "filesystems"] as const;
const switches = ["drives", "updates"] as const;

/** As a form shows it: a list has one item a line. */
export function draftOf({ intervalSeconds, doorbell, logLevel, watch = {} }: ApplianceConfig): ConfigDraft {
  const lines = (items: readonly string[] | undefined) => (items ?? []).join("\n");
  const choice = (value: boolean | undefined): Choice => (value === undefined ? "" : value ? "yes" : "no");
  const { temperature } = watch;
  return {
    interval: intervalSeconds === undefined ? "" : String(intervalSeconds),
    doorbell: doorbell ?? "",
    logLevel: logLevel ?? "",
    services: lines(watch.services),
    ignoreServices: lines(watch.ignoreServices),
    certificates: lines(watch.certificates),
    filesystems: lines(watch.filesystems),
    drives: choice(watch.drives),
    updates: choice(watch.updates),
    temperatureWarning: temperature === undefined ? "" : String(temperature.warning),
    temperatureCritical: temperature === undefined ? "" : String(temperature.critical),
  };
}

export type Read = { config: ApplianceConfig; problems: [] } | { config: undefined; problems: FieldProblem[] };

/** What a form says; a field that is empty is one that is absent. Problems are named by the configuration's own paths. */
export function configOf(draft: ConfigDraft): Read {
  const number = (text: string) => (/^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text.trim());
  const watch: Record<string, unknown> = {};
  for (const name of lists) {
    const items = draft[name].split(/[\n,]/).map((line) => line.trim());
    const said = items.filter((item) => item !== "");
    if (said.length > 0) watch[name] = said;
  }
  for (const name of switches) if (draft[name] !== "") watch[name] = draft[name] === "yes";
  const { temperatureWarning, temperatureCritical } = draft;
  if (temperatureWarning.trim() !== "" || temperatureCritical.trim() !== "") {
    watch["temperature"] = { warning: number(temperatureWarning), critical: number(temperatureCritical) };
  }
  return readConfig({
    ...(draft.interval.trim() === "" ? {} : { intervalSeconds: number(draft.interval) }),
    ...(draft.doorbell === "" ? {} : { doorbell: draft.doorbell }),
    ...(draft.logLevel === "" ? {} : { logLevel: draft.logLevel }),
    ...(Object.keys(watch).length === 0 ? {} : { watch }),
  });
}

export function readConfig(value: unknown): Read {
  const parsed = applianceConfigSchema.safeParse(value);
  if (parsed.success) return { config: parsed.data, problems: [] };
  return {
    config: undefined,
    problems: parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message })),
  };
}

/** A whole configuration as text; also what `steward config get --json` has printed. */
export function readJson(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      config: undefined,
      problems: [{ path: "", message: `is not JSON: ${error instanceof Error ? error.message : ""}` }],
    };
  }
  return readConfig(typeof value === "object" && value !== null && "config" in value ? value.config : value);
}

/** The first problem of a field or of what is in it. */
export function problemAt(problems: readonly FieldProblem[], path: string): string | undefined {
  return problems.find((one) => one.path === path || one.path.startsWith(`${path}.`))?.message;
}
