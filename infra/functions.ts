import { resourceNames } from "@steward/contracts/names";
import { policyStatements } from "@steward/contracts/policy";
import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import type { Environment } from "@steward/functions/env";
import type { Gateway } from "./api.ts";
import { releaseText } from "../scripts/build/release-changes.ts";
import { readReleaseFile, releaseFileOf } from "../scripts/build/release-file.ts";
import { componentName, fileText, type Input, perName, permissionsOf, repository } from "./platform.ts";
import { siteArtifact } from "./site.ts";
import type { Stage } from "./stage.ts";
import type { Storage } from "./storage.ts";
import { tracingOf } from "./tracing.ts";

/** No name below `.invalid` can exist (RFC 6761), so no request ever comes through this door: it is shut. */
const noDoor = "nodes.invalid";

/** One function per definition, each with a role of its own that may do what `permissions` says, and nothing else. */
export function makeFunctions(
  stage: Stage,
  { account, place, domains }: { account: string; place: Storage["place"]; domains: Gateway["domains"] },
): Record<FunctionName, sst.aws.Function> {
  requireArtifacts(stage);
  const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
  const names = resourceNames(stage.name);
  const environment = environmentOf(stage, account, domains);
  // Only what is built has a traced entry: a personal stage's sources are what SST makes of them.
  const tracing = (name: FunctionName) => tracingOf(runsArtifact(stage, name) ? stage : undefined, name);
  const make = (name: FunctionName) => {
    const { principal, trigger, timeoutSeconds, memoryMb } = definitions[name];
    const reserved = reservedOf(stage, name);
    return new sst.aws.Function(componentName(name), {
      name: names.lambda(name),
      description: `Steward ${stage.name}: ${name}`,
      ...codeOf(stage, name),
      timeout: `${timeoutSeconds} seconds`,
      memory: `${memoryMb} MB`,
      environment: { ...environment, ...tracing(name).environment },
      permissions: place.apply((place) =>
        permissionsOf([
          ...policyStatements(principal, place),
          ...tracing(name).statements(place),
          {
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [
              `arn:${place.partition}:logs:${place.region}:${place.account}:log-group:/aws/lambda/${names.lambda(name)}:*`,
            ],
          },
        ]),
      ),
      ...(reserved === undefined ? {} : { concurrency: { reserved } }),
      // The next turn does what a failed one left: a second try would only run beside it.
      ...(trigger.kind === "schedule" ? { retries: 0 } : {}),
    });
  };
  return perName(functionNames, make);
}

/**
 * Queues and schedules keep to `concurrency` by themselves. Whoever invokes by name does not, and two `bootstrap` at once
 * could each publish the next version with a content of its own: machines that saw the one would refuse the other.
 */
function reservedOf({ reserved }: Stage, name: FunctionName): number | undefined {
  const { trigger, concurrency }: FunctionDefinition = functionDefinitions[name];
  if (reserved === undefined) return undefined;
  return trigger.kind === "direct" ? concurrency : reserved[name as keyof typeof reserved];
}

/** A GPU host takes five to eight minutes from the first queued job to its first heartbeat. */
const workerStartSeconds = 600;

/** Exactly what `env.ts` of the functions asks for; Lambda itself sets the region. */
function environmentOf(stage: Stage, account: string, domains: Gateway["domains"]) {
  const nodes = domains.nodes ?? noDoor;
  return {
    STEWARD_STAGE: stage.name,
    STEWARD_ACCOUNT: account,
    STEWARD_API_DOMAINS: domains.api,
    STEWARD_NODES_DOMAINS: nodes,
    STEWARD_API_URL: $interpolate`https://${domains.api}`,
    ...(stage.domains?.dashboard === undefined
      ? {}
      : { STEWARD_DASHBOARD_URL: `https://${stage.domains.dashboard.name}` }),
    STEWARD_NODES_URL: `https://${nodes}`,
    ...(stage.startsWorkers ? { STEWARD_WORKER_START_SECONDS: String(workerStartSeconds) } : {}),
    ...(stage.ssmNodes === undefined ? {} : { STEWARD_SSM_NODES: String(stage.ssmNodes) }),
    ...(stage.mailFrom === undefined ? {} : { STEWARD_MAIL_FROM: stage.mailFrom }),
    // An answer that breaks its own schema is found by who wrote it.
    ...(stage.permanent ? {} : { STEWARD_CHECK_ANSWERS: "true" }),
  } satisfies Partial<Record<keyof Environment, Input<string>>>;
}

function codeOf(stage: Stage, name: FunctionName): Pick<sst.aws.FunctionArgs, "handler" | "bundle" | "dev"> {
  if (runsArtifact(stage, name)) {
    const handler = tracingOf(stage, name).entry.replace(/\.mjs$/, ".handler");
    return { bundle: artifactOf(name), handler, dev: false };
  }
  return { handler: `packages/functions/src/${functionDefinitions[name].entry}.handler` };
}

/**
 * A permanent stage runs the artifacts that were tested; a personal one what SST makes of the source, on the developer's
 * machine in `sst dev`. But for `bootstrap`: what it publishes lies beside its code, and the build puts it there.
 */
function runsArtifact(stage: Stage, name: FunctionName): boolean {
  return stage.permanent || name === "bootstrap";
}

function artifactOf(name: FunctionName): string {
  return `dist/functions/${name}`;
}

/** Throws one error with everything that stands against deploying what was built. */
function requireArtifacts(stage: Stage): void {
  const missing = [
    ...functionNames
      .filter((name) => runsArtifact(stage, name))
      .map((name) => `${artifactOf(name)}/${tracingOf(stage, name).entry}`),
    `${siteArtifact}/index.html`,
  ].filter((file) => fileText(file) === undefined);
  const problems = [
    ...(missing.length === 0 ? [] : [`Not built: ${missing.join(", ")}. Next: npm run build`]),
    ...(stage.pinned ? releaseProblems(stage.name) : []),
  ];
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/**
 * The build puts the stage's release beside `bootstrap`, under the same name. One that is older than the file would bring
 * back what the file took away; where there is none, `bootstrap` would publish the newest.
 */
function releaseProblems(stage: string): string[] {
  try {
    const wanted = releaseText(readReleaseFile(stage, repository()));
    const built = `${artifactOf("bootstrap")}/${releaseFileOf(stage)}`;
    return fileText(built) === wanted ? [] : [`${built} is not what ${releaseFileOf(stage)} pins. Next: npm run build`];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
