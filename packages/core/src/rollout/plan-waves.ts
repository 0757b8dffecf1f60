import { AppError } from "@steward/contracts/errors";
import type { Health } from "@steward/contracts/heartbeat";
import {
  defaultRollout,
  type RolloutParameters,
  type RolloutRequest,
  type Wave,
  wavesDigest,
} from "@steward/contracts/plan";

/** A target as it is while the plan is made; what is not known of it has no say. */
export interface Placed {
  id: string;
  tags?: readonly string[];
  health?: Health;
}

/**
 * The parameters that a plan gets. What the request says stands as it is, also where it has no effect on so few targets:
 * whoever asks twice for the same gets the same parameters. A change of several appliances begins with one of them; reads
 * change nothing, so they go everywhere at once and one that fails stops no other.
 */
export function completeRollout(
  request: RolloutRequest | undefined,
  about: { onlyReads: boolean; several: boolean },
): RolloutParameters {
  const begins: Partial<RolloutParameters> = !about.several
    ? {}
    : about.onlyReads
      ? { errorBudget: { percent: 100 } }
      : { waves: [{ count: 1 }] };
  const said = Object.fromEntries(Object.entries(request ?? {}).filter(([, value]) => value !== undefined));
  return { ...defaultRollout, ...begins, ...said };
}

/**
 * Who is in which wave: the plan's `rollout`, and its `waveOf` in the order of the targets where there is more than one.
 *
 * Percents are of all targets and round up. An appliance of a ring that some wave names is in that wave and in no other;
 * the other waves take from the rest: appliances that were offline last, those of `ring:canary` first, then by id.
 * Waves for which nobody is left are left out, since the same request must fit few targets and many; whatever all of
 * them leave over is one last wave.
 * @throws AppError `unprocessable` for a ring without appliances and a first wave without any
 */
export function planWaves(
  parameters: RolloutParameters,
  targets: readonly Placed[],
): { rollout: RolloutParameters; waveOf?: number[] } {
  const rings = new Map<string, number>();
  parameters.waves.forEach((wave, at) => {
    if ("ring" in wave && !rings.has(wave.ring)) rings.set(wave.ring, at);
  });
  const members = parameters.waves.map((): string[] => []);
  const free: Placed[] = [];
  for (const target of targets) {
    const at = ringWaveOf(target, rings);
    if (at === undefined) free.push(target);
    else members[at]?.push(target.id);
  }
  free.sort(byReadiness);
  let taken = 0;
  parameters.waves.forEach((wave, at) => {
    if ("ring" in wave) return;
    const wanted = sizeOf(wave, targets.length);
    members[at] = free.slice(taken, taken + wanted).map(({ id }) => id);
    taken += members[at].length;
  });
  refuseEmpty(parameters.waves, members);
  members.push(free.slice(taken).map(({ id }) => id));

  const filled = members.filter((ids) => ids.length > 0);
  if (filled.length <= 1) return { rollout: parameters };
  const numberOf = new Map(filled.flatMap((ids, at) => ids.map((id) => [id, at + 1] as const)));
  const waveOf = targets.map(({ id }) => numberOf.get(id) ?? filled.length);
  return { rollout: { ...parameters, wavesDigest: wavesDigest(waveOf) }, waveOf };
}

function ringWaveOf(target: Placed, rings: ReadonlyMap<string, number>): number | undefined {
  let first: number | undefined;
  for (const tag of target.tags ?? []) {
    const at = tag.startsWith("ring:") ? rings.get(tag.slice("ring:".length)) : undefined;
    if (at !== undefined && (first === undefined || at < first)) first = at;
  }
  return first;
}

function sizeOf(wave: Exclude<Wave, { ring: string }>, total: number): number {
  return "count" in wave ? wave.count : Math.ceil((total * wave.percent) / 100);
}

function byReadiness(a: Placed, b: Placed): number {
  return rankOf(a) - rankOf(b) || (a.id < b.id ? -1 : 1);
}

/** A canary that is away keeps all the others waiting. */
function rankOf({ health, tags = [] }: Placed): number {
  const wellness = { healthy: 0, warning: 1, critical: 2, offline: 3 }[health ?? "healthy"];
  return (health === "offline" ? 100 : 0) + (tags.includes("ring:canary") ? 0 : 10) + wellness;
}

function refuseEmpty(waves: readonly Wave[], members: readonly string[][]): void {
  waves.forEach((wave, at) => {
    if (members[at]?.length !== 0) return;
    if ("ring" in wave) {
      // The same ring again is a wave too many, and harmless.
      if (waves.slice(0, at).some((earlier) => "ring" in earlier && earlier.ring === wave.ring)) return;
      throw new AppError("unprocessable", `Wave ${at + 1} would be empty: no target has the tag ring:${wave.ring}.`, {
        next: "give appliances that tag, choose other targets, or leave the wave out",
      });
    }
    if (at > 0) return;
    throw new AppError("unprocessable", "The first wave would be empty: all targets are in rings of later waves.", {
      next: "begin with one of the rings, or with fewer of them",
    });
  });
}
