import { resourceNames } from "@steward/contracts/names";
import type { StagePlace, Statement } from "@steward/contracts/policy";
import { entryFile, type FunctionName, isTracedFunction } from "@steward/functions/definitions";
import type { Stage } from "./stage.ts";

/** How a function is told of the stage's collector. */
export interface Tracing {
  /** What Lambda runs of the artifact. */
  entry: "index.mjs" | "traced.mjs";
  /** As `tracing/env.ts` of the functions reads it, and OpenTelemetry itself. */
  environment: Record<string, string>;
  statements: (place: Pick<StagePlace, "partition" | "region" | "account">) => Statement[];
}

/** Without a stage, or where it names no collector, there is nothing of it. */
export function tracingOf(
  stage: Pick<Stage, "name" | "openTelemetry"> | undefined,
  functionName: FunctionName,
): Tracing {
  const collector = isTracedFunction(functionName) ? stage?.openTelemetry : undefined;
  const entry = entryFile(collector !== undefined);
  if (stage === undefined || collector === undefined) return { entry, environment: {}, statements: () => [] };
  const { endpoint, headersSecret, samplePercent } = collector;
  const secret = headersSecret === undefined ? undefined : `${resourceNames(stage.name).prefix}/${headersSecret}`;
  return {
    entry,
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      // Its name: the key itself is read when a function starts.
      ...(secret === undefined ? {} : { STEWARD_OTEL_HEADERS_SECRET: secret }),
      ...(samplePercent === undefined
        ? {}
        : { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: String(samplePercent / 100) }),
    },
    statements: ({ partition, region, account }) =>
      secret === undefined
        ? []
        : [
            {
              actions: ["secretsmanager:GetSecretValue"],
              // Secrets Manager puts a hyphen and six letters behind a name.
              resources: [`arn:${partition}:secretsmanager:${region}:${account}:secret:${secret}-??????`],
            },
          ],
  };
}
