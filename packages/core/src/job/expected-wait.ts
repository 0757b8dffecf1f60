import { defaults } from "@steward/contracts/defaults";
import { type Lane, lanes } from "@steward/contracts/names";

/*
 * How long a job that is queued now will wait for a slot. Not measured but expected: what is ahead of it over the slots
 * that live, with the corrections of a queue with several servers and uneven jobs (M/G/c). The workers' own rule decides
 * what "ahead" is: shorter lanes first, and a lane that was passed over often enough once before them.
 */

/** What is known of one lane. */
export interface LaneLoad {
  lane: Lane;
  /** Jobs that wait, with those that the admission window holds back. */
  queued: number;
  /** Jobs that are being worked on. */
  inFlight: number;
  /** Of the last minutes. */
  arrivalsPerSecond: number;
  /** Mean of the last minutes; undefined where nothing has ended. */
  serviceSeconds: number | undefined;
  /** Squared coefficient of variation (variance over squared mean): 0 where all jobs are alike, 1 for exponential ones. */
  serviceVariation: number | undefined;
}

export type ExpectedWait =
  | {
      kind: "expected";
      seconds: number;
      /**
       * What it is if all goes well; and if the longer lanes are ahead as well, what runs takes twice what is left of it, and
       * as much comes in as did. `toSeconds` absent: more comes in than is done.
       */
      fromSeconds: number;
      toSeconds?: number;
      /** Whether the length of jobs is known from the last minutes, or assumed from what the lane is for. */
      basis: "measured" | "assumed";
    }
  | { kind: "unknown"; why: string };

/** A middling job of each lane, until some have ended. */
export const assumedServiceSeconds: Readonly<Record<Lane, number>> = { express: 3, standard: 15, bulk: 90 };
/** As uneven as exponential ones: what is assumed until some have ended. */
const assumedVariation = 1;
/** However busy the shorter lanes are, a longer one has one turn in so many: the workers' own rule. */
const ageingTurns = defaults.mostPassedOver;

export function expectedWait(lane: Lane, loads: readonly LaneLoad[], slots: number): ExpectedWait {
  if (slots < 1) return { kind: "unknown", why: "no worker with a model is alive" };
  const known = loads.map((load) => ({ ...load, seconds: load.serviceSeconds ?? assumedServiceSeconds[load.lane] }));
  const before = known.filter((load) => lanes.indexOf(load.lane) < lanes.indexOf(lane));
  const own = known.filter((load) => load.lane === lane);
  const running = sumOf(known, (load) => load.inFlight);
  const free = Math.max(0, slots - running);

  const residual = residualSeconds(known);
  const ahead = waitBehind([...before, ...own], { free, slots });
  const behindAll = waitBehind(known, { free, slots });
  // Who waits at all waits for the first slot to become free: the rest of a job that is under way.
  const first = (wait: { waits: boolean }) => (wait.waits ? residual / slots : 0);
  const overtaken = 1 / Math.max(1 / ageingTurns, 1 - loadOf(before, slots));
  const seconds = (ahead.seconds + first(ahead)) * overtaken;
  const stationary = stationaryWait(known, slots);
  return {
    kind: "expected",
    seconds,
    fromSeconds: ahead.seconds,
    ...(stationary === undefined
      ? {}
      : { toSeconds: Math.max(seconds, (behindAll.seconds + 2 * first(behindAll)) * overtaken) + stationary }),
    basis: own.every((load) => load.serviceSeconds !== undefined) && own.length > 0 ? "measured" : "assumed",
  };
}

type Known = LaneLoad & { seconds: number };

/** Until everything ahead has a slot: the jobs for which none is free now, one after the other over all slots. */
function waitBehind(
  ahead: readonly Known[],
  { free, slots }: { free: number; slots: number },
): { seconds: number; waits: boolean } {
  const jobs = sumOf(ahead, (load) => load.queued);
  if (jobs < free) return { seconds: 0, waits: false };
  const work = sumOf(ahead, (load) => load.queued * load.seconds);
  const share = jobs === 0 ? 0 : (jobs - free) / jobs;
  return { seconds: (work * share) / slots, waits: true };
}

/** What is left, on average, of a job that somebody finds under way: long ones are found more often than short ones. */
function residualSeconds(loads: readonly Known[]): number {
  const running = sumOf(loads, (load) => load.inFlight);
  if (running === 0) return Math.max(0, ...loads.map(residualOf));
  return sumOf(loads, (load) => load.inFlight * residualOf(load)) / running;
}
function residualOf({ seconds, serviceVariation = assumedVariation }: Known): number {
  return (seconds * (1 + serviceVariation)) / 2;
}

function loadOf(loads: readonly Known[], slots: number): number {
  return sumOf(loads, (load) => load.arrivalsPerSecond * load.seconds) / slots;
}

/**
 * The mean wait of a queue with this load over all time (Allen and Cunneen's correction of Erlang's formula): what comes
 * in beside what can be seen now. Undefined where more comes in than can be done.
 */
export function stationaryWait(loads: readonly Known[], slots: number): number | undefined {
  const arrivals = sumOf(loads, (load) => load.arrivalsPerSecond);
  // Less than one in thirty years: no number to divide by.
  if (arrivals < 1e-9) return 0;
  const mean = sumOf(loads, (load) => load.arrivalsPerSecond * load.seconds) / arrivals;
  const load = (arrivals * mean) / slots;
  if (load >= 1) return undefined;
  const square = sumOf(
    loads,
    ({ arrivalsPerSecond, seconds, serviceVariation = assumedVariation }) =>
      arrivalsPerSecond * seconds ** 2 * (1 + serviceVariation),
  );
  const unevenness = square / arrivals / mean ** 2;
  return (((chanceToWait(load, slots) * mean) / (slots * (1 - load))) * unevenness) / 2;
}

/** Erlang's C, by the recursion of his B, which overflows at no number of slots. */
function chanceToWait(load: number, slots: number): number {
  let blocked = 1;
  for (let slot = 1; slot <= slots; slot++) blocked = (load * slots * blocked) / (slot + load * slots * blocked);
  return blocked / (1 - load * (1 - blocked));
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
