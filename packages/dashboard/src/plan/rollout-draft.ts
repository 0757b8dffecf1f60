import type { FieldProblem } from "@steward/contracts/errors";
import type { RolloutRequest, Wave } from "@steward/contracts/plan";

/** How a change goes over many appliances, as somebody types it; what is empty, the installation decides. */
export interface RolloutDraft {
  canary: string;
  ring: string;
  waves: string;
  maxConcurrency: string;
  errorBudget: string;
  pause: string;
  confirmWaves: "" | "first" | "each";
  healthGate: string;
  minHealthy: string;
  undoOnFailure: boolean;
}

export const emptyRollout: RolloutDraft = {
  canary: "",
  ring: "",
  waves: "",
  maxConcurrency: "",
  errorBudget: "",
  pause: "",
  confirmWaves: "",
  healthGate: "",
  minHealthy: "",
  undoOnFailure: false,
};

/** What of it was said, or what is wrong with it, by field. The same notation as the command line's. */
export function readRollout(draft: RolloutDraft): { rollout?: RolloutRequest; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const read = <T>(name: keyof RolloutDraft, parse: (text: string) => T): T | undefined => {
    const text = String(draft[name]).trim();
    if (text === "") return undefined;
    try {
      return parse(text);
    } catch (error) {
      problems.push({ path: name, message: error instanceof NotThat ? error.message : "cannot be read" });
      return undefined;
    }
  };
  const canary = read("canary", count(1, 5_000));
  const ring = read("ring", ringName);
  const further = read("waves", wavesOf) ?? [];
  const waves: Wave[] = [
    ...(canary === undefined ? [] : [{ count: canary }]),
    ...(ring === undefined ? [] : [{ ring }]),
    ...further,
  ];
  if (waves.length > 20) problems.push({ path: "waves", message: "at most 20 waves" });
  const heartbeats = read("healthGate", count(1, 10));
  const request: RolloutRequest = {
    ...(waves.length === 0 ? {} : { waves }),
    ...said("maxConcurrency", read("maxConcurrency", count(1, 10_000))),
    ...said("errorBudget", read("errorBudget", share(0))),
    ...said("pauseSeconds", read("pause", seconds)),
    ...(draft.confirmWaves === "" ? {} : { confirmWaves: draft.confirmWaves }),
    ...(heartbeats === undefined ? {} : { healthGate: { heartbeats } }),
    ...said("minHealthy", read("minHealthy", share(1))),
    ...(draft.undoOnFailure ? { undoOnFailure: true } : {}),
  };
  return { problems, ...(problems.length > 0 || Object.keys(request).length === 0 ? {} : { rollout: request }) };
}

/** A rollout as it would be typed: for a plan's own, or a schedule's. */
export function rolloutDraftOf(rollout: RolloutRequest | undefined): RolloutDraft {
  if (rollout === undefined) return emptyRollout;
  const { waves = [], errorBudget, pauseSeconds, confirmWaves, healthGate, minHealthy } = rollout;
  return {
    ...emptyRollout,
    waves: waves.map((wave) => ("ring" in wave ? `ring:${wave.ring}` : shareText(wave))).join(", "),
    maxConcurrency: rollout.maxConcurrency === undefined ? "" : String(rollout.maxConcurrency),
    errorBudget: errorBudget === undefined ? "" : shareText(errorBudget),
    pause: pauseSeconds === undefined ? "" : `${pauseSeconds}s`,
    confirmWaves: confirmWaves ?? "",
    healthGate: healthGate === undefined ? "" : String(healthGate.heartbeats),
    minHealthy: minHealthy === undefined ? "" : shareText(minHealthy),
    undoOnFailure: rollout.undoOnFailure ?? false,
  };
}

type Share = { percent: number } | { count: number };

export function shareText(part: Share): string {
  return "percent" in part ? `${part.percent}%` : String(part.count);
}

class NotThat extends Error {}

function said<Name extends string, T>(name: Name, value: T | undefined): { [N in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]?: T });
}

function wavesOf(list: string): Wave[] {
  return list.split(",").map((part) => {
    const word = part.trim();
    const ring = /^ring:(.+)$/.exec(word)?.[1];
    return ring === undefined ? share(1)(word) : { ring: ringName(ring) };
  });
}

function share(least: number) {
  return (text: string): Share => {
    const [, digits = "", sign] = /^(\d{1,5})\s?(%?)$/.exec(text) ?? [];
    const number = Number(digits);
    if (digits === "" || number < least || number > (sign === "%" ? 100 : 10_000))
      throw new NotThat(`“${text}” is neither a number (5) nor a percentage (5%)`);
    return sign === "%" ? { percent: number } : { count: number };
  };
}

function count(least: number, most: number) {
  return (text: string): number => {
    const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(number) || number < least || number > most)
      throw new NotThat(`must be a whole number from ${least} to ${most}`);
    return number;
  };
}

function ringName(text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(text)) throw new NotThat("must be the value of a tag ring:…, such as canary");
  return text;
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3_600 };

function seconds(text: string): number {
  const [, digits = "", unit = "s"] = /^(\d{1,6})\s?([smh])?$/.exec(text) ?? [];
  const total = Number(digits) * (unitSeconds[unit] ?? 1);
  if (digits === "" || total < 1 || total > 86_400)
    throw new NotThat("must be from one second to 24 hours, such as 90s, 10m or 2h");
  return total;
}
