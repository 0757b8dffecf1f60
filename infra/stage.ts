import { stageTag } from "@steward/contracts/names";
import { readPersonalSettings } from "./env.ts";
import type { StageSettings } from "./stage-settings.ts";
import { isPermanent, permanentStages, settingsOf } from "./stages.ts";

/** A stage as `infra/` deploys it: a permanent one from `stages.ts`, or one of a person's own. */
export interface Stage {
  name: string;
  /** Its data is made by `stacks/`, and outlives any deploy. A personal stage's goes with the stage. */
  permanent: boolean;
  /** The only account it may be deployed to. A personal stage goes where its owner's credentials are. */
  account: string | undefined;
  region: string;
  /** Absent: AWS's own addresses. Machines need a domain: only one can ask for a certificate. */
  domains: StageSettings["domains"] | undefined;
  requestsPerSecond: number;
  requestBurst: number;
  /** Machines that SSM may call; absent: those that cost nothing. */
  ssmNodes?: number;
  /** Who notices by e-mail come from. */
  mailFrom?: string;
  /** Whom invocations are told to. */
  openTelemetry?: StageSettings["openTelemetry"];
  /** Invocations kept for one function alone; a personal stage takes its share of what the account has. */
  reserved: { heartbeat: number; wait: number } | undefined;
  logDays: number;
  /** Whether a group of workers grows when jobs wait. */
  startsWorkers: boolean;
  /** Whether it publishes what its committed file pins, and not what the checkout builds. */
  pinned: boolean;
  /** Where the runbooks of its alarms are. */
  runbooks: { repository: string; branch: string } | undefined;
  tags: Record<string, string>;
}

/** Throws one error with every problem of the stage's settings. */
export function readStage(name: string | undefined): Stage {
  // The same rule as every function's environment has: the longest names that are made of it still fit.
  if (name === undefined || !/^[a-z][a-z0-9-]{0,20}$/.test(name)) {
    throw new Error(
      `${name === undefined ? "no stage is named" : `"${name}" cannot be a stage's name`}: lower-case letters, digits and hyphens, at most 21, after a letter. Say it with --stage.`,
    );
  }
  const owner = Object.keys(permanentStages).find((stage) => name.startsWith(`${stage}-`));
  if (owner !== undefined) {
    // What is made for it would be called `steward-prod-…`, which is what prod's deploy role may change.
    throw new Error(`"${name}" begins like the permanent stage ${owner}: choose a name that does not.`);
  }
  const tags = { [stageTag]: name };
  if (!isPermanent(name)) {
    const common = { name, permanent: false, account: undefined, reserved: undefined, runbooks: undefined, tags };
    return {
      ...common,
      ...readPersonalSettings(),
      requestsPerSecond: 50,
      requestBurst: 100,
      logDays: 7,
      startsWorkers: false,
      pinned: false,
    };
  }
  const settings = settingsOf(name);
  const { account, region, domains, limits, mail, retention, releaseChannel, approvals, workers } = settings;
  return {
    name,
    permanent: true,
    account,
    region,
    domains,
    requestsPerSecond: limits.requestsPerSecond,
    requestBurst: limits.requestBurst,
    ...(limits.ssmNodes === undefined ? {} : { ssmNodes: limits.ssmNodes }),
    ...(mail === undefined ? {} : { mailFrom: mail.from }),
    ...(settings.openTelemetry === undefined ? {} : { openTelemetry: settings.openTelemetry }),
    reserved: { heartbeat: limits.heartbeatConcurrency, wait: limits.waitConcurrency },
    logDays: retention.logDays,
    startsWorkers: workers.maximum > 0,
    pinned: releaseChannel === "committed",
    runbooks: approvals,
    tags,
  };
}
