import type { RolloutRequest, Wave } from "@steward/contracts/plan";
import { type Command, InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "./commands/shared.ts";

/** How a change goes over many appliances, as the options of a command say it. */
export interface RolloutOptions {
  canary?: number;
  ring?: string;
  waves?: Wave[];
  maxConcurrency?: number;
  errorBudget?: { percent: number } | { count: number };
  pause?: number;
  confirmWaves?: "first" | "each";
  healthGate?: number;
  minHealthy?: { percent: number } | { count: number };
  undoOnFailure?: boolean;
}

export function rolloutOptions(command: Command): Command {
  return command
    .option(
      "--canary <number>",
      "begin with so many appliances (default: 1 where there are several)",
      wholeNumber(1, 5_000),
    )
    .option("--ring <name>", "begin with the appliances that have the tag ring:<name>", ringName)
    .option("--waves <list>", "then go on in these waves, such as 10,10%,ring:early,100%", wavesOf)
    .option("--max-concurrency <number>", "on so many at one time", wholeNumber(1, 10_000))
    .option("--error-budget <number|percent>", "so many may fail before it stops (default: none)", share(0))
    .option("--pause <duration>", "between two waves, such as 90s, 10m or 2h", seconds)
    .addOption(
      new Option("--confirm-waves <which>", "wait for somebody's word after the first wave, or after each").choices([
        "first",
        "each",
      ]),
    )
    .option(
      "--health-gate <heartbeats>",
      "a wave is good when so many good heartbeats came after it",
      wholeNumber(1, 10),
    )
    .option("--min-healthy <number|percent>", "keep so many of each site: healthy and untouched", share(1))
    .option("--undo-on-failure", "undo what was done where it fails, and in the wave that stopped it");
}

/** Undefined where nothing was said: then the installation decides. */
export function rolloutRequest(options: RolloutOptions): RolloutRequest | undefined {
  const waves: Wave[] = [
    ...(options.canary === undefined ? [] : [{ count: options.canary }]),
    ...(options.ring === undefined ? [] : [{ ring: options.ring }]),
    ...(options.waves ?? []),
  ];
  const request: RolloutRequest = {
    ...(waves.length === 0 ? {} : { waves }),
    ...(options.maxConcurrency === undefined ? {} : { maxConcurrency: options.maxConcurrency }),
    ...(options.errorBudget === undefined ? {} : { errorBudget: options.errorBudget }),
    ...(options.pause === undefined ? {} : { pauseSeconds: options.pause }),
    ...(options.confirmWaves === undefined ? {} : { confirmWaves: options.confirmWaves }),
    ...(options.healthGate === undefined ? {} : { healthGate: { heartbeats: options.healthGate } }),
    ...(options.minHealthy === undefined ? {} : { minHealthy: options.minHealthy }),
    ...(options.undoOnFailure === undefined ? {} : { undoOnFailure: options.undoOnFailure }),
  };
  return Object.keys(request).length === 0 ? undefined : request;
}

export function wavesOf(list: string): Wave[] {
  const waves = list.split(",").map((word) => word.trim());
  if (waves.length > 20) throw new InvalidArgumentError("At most 20 waves.");
  return waves.map((word) => {
    const ring = /^ring:(.+)$/.exec(word)?.[1];
    return ring === undefined ? share(1)(word) : { ring: ringName(ring) };
  });
}

/** `5` or `5%`. */
function share(least: number) {
  return (value: string): { percent: number } | { count: number } => {
    const [, digits = "", sign] = /^(\d{1,5})(%?)$/.exec(value) ?? [];
    const number = Number(digits);
    if (digits === "" || number < least || (sign === "%" ? number > 100 : number > 10_000)) {
      throw new InvalidArgumentError(`"${value}" is neither a number (5) nor a percentage (5%).`);
    }
    return sign === "%" ? { percent: number } : { count: number };
  };
}

function ringName(value: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(value))
    throw new InvalidArgumentError("It must be the value of a tag ring:….");
  return value;
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3_600 };

function seconds(value: string): number {
  const [, digits = "", unit = "s"] = /^(\d{1,6})([smh])?$/.exec(value) ?? [];
  const total = Number(digits) * (unitSeconds[unit] ?? 1);
  if (digits === "" || total < 1 || total > 86_400) {
    throw new InvalidArgumentError("It must be from one second to 24 hours, such as 90s, 10m or 2h.");
  }
  return total;
}
