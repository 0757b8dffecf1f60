import { readTracingEnvironment } from "@steward/functions/tracing/env";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePlatform, unpackingTimeoutMs } from "../../scripts/sst-platform.ts";
import { readPersonalSettings } from "../../infra/env.ts";
import { readStage } from "../../infra/stage.ts";
import { parseStageSettings } from "../../infra/stage-settings.ts";
import { permanentStages, settingsOf } from "../../infra/stages.ts";
import { tracingOf } from "../../infra/tracing.ts";
import { forgetInfra, type InfraOptions, runInfra } from "./support/run-infra.ts";
import { stageParameters } from "./support/stage-parameters.ts";

beforeAll(ensurePlatform, unpackingTimeoutMs);
afterAll(forgetInfra);

const { account } = settingsOf("prod");
const prod: InfraOptions = { stage: "prod", account, parameters: stageParameters("prod") };

async function refusal(options: InfraOptions): Promise<string> {
  return runInfra(options).then(
    () => "nothing was refused",
    (error: Error) => error.message,
  );
}

describe("a permanent stage", () => {
  test("whatever is missing or malformed in its parameters is named at once, with who writes it", async () => {
    const { truststore: _missing, "secret-arn/anthropic": _too, ...rest } = stageParameters("prod");
    const text = await refusal({
      ...prod,
      parameters: { ...rest, "alarm-topic-arn": "alarms", "queue-arn/rollouts": "" },
    });
    expect(text).toContain("prod cannot be deployed yet");
    expect(text).toContain("/steward/prod/truststore is missing. Next: npx steward cert init --stage prod");
    expect(text).toContain("/steward/prod/secret-arn/anthropic is missing. Next: npx cdk deploy --all -c stage=prod");
    expect(text).toContain("/steward/prod/alarm-topic-arn is not the ARN of something of sns: alarms");
    expect(text).toContain("/steward/prod/queue-arn/rollouts is not the ARN of something of sqs");
  });

  test("a truststore of another shape is no truststore, and every artifact that was not built is named", async () => {
    const text = await refusal({ ...prod, parameters: { ...prod.parameters, truststore: "s3://bucket/key" } });
    expect(text).toContain("/steward/prod/truststore is not {uri, version} as JSON");
    expect(text).toContain("npx steward cert init --stage prod");
    expect(await refusal({ ...prod, unbuilt: ["api", "heartbeat", "dashboard"] })).toContain(
      "Not built: dist/functions/api/index.mjs, dist/functions/heartbeat/index.mjs, dist/dashboard/index.html. Next: npm run build",
    );
  });

  test("a release file that is not right is named with all that is wrong, beside what was not built", async () => {
    const text = await refusal({
      ...prod,
      unbuilt: ["api"],
      files: { "releases/prod.json": JSON.stringify({ actions: "none", more: 1 }) },
    });
    expect(text).toContain("Not built: dist/functions/api/index.mjs");
    expect(text).toContain("The release of the stage prod (releases/prod.json) is not right");
    expect(text).toMatch(/actions: [^]*"more"/);
    expect(text).toContain("npm run release -- --stage prod");
  });

  test("a build with another release beside it than the committed one is not deployed", async () => {
    const built = "dist/functions/bootstrap/releases/prod.json";
    const text = await refusal({ ...prod, files: { [built]: "{}" } });
    expect(text).toContain(`${built} is not what releases/prod.json pins. Next: npm run build`);
  });

  test("a deploy is judged before anything is looked up or made", async () => {
    expect(await refusal({ ...prod, command: "deploy", parameters: {} })).toContain("`deploy` of prod is refused");
  });
});

describe("a collector of OpenTelemetry", () => {
  const of = (openTelemetry: unknown) => parseStageSettings("prod", { ...permanentStages.prod, openTelemetry });
  const place = { partition: "aws", region: "eu-central-1", account: "444455556666" };

  test("is nobody's unless a stage names one: functions run as they are, and may no more", () => {
    for (const stage of Object.keys(permanentStages)) expect(readStage(stage)).not.toHaveProperty("openTelemetry");
    const off = tracingOf({ name: "prod" }, "api");
    expect([off.entry, off.environment, off.statements(place)]).toEqual(["index.mjs", {}, []]);
  });

  test("is told by every function but the heartbeat, whose key no environment holds", () => {
    const { openTelemetry } = of({ endpoint: "https://otlp.example.com", headersSecret: "otlp", samplePercent: 10 });
    const { entry, environment, statements } = tracingOf({ name: "prod", openTelemetry }, "dispatch");
    expect(entry).toBe("traced.mjs");
    expect(environment).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example.com",
      STEWARD_OTEL_HEADERS_SECRET: "steward-prod/otlp",
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.1",
    });
    expect(readTracingEnvironment(environment)).toMatchObject({ STEWARD_OTEL_HEADERS_SECRET: "steward-prod/otlp" });
    expect(statements(place)).toEqual([
      {
        actions: ["secretsmanager:GetSecretValue"],
        resources: ["arn:aws:secretsmanager:eu-central-1:444455556666:secret:steward-prod/otlp-??????"],
      },
    ]);
    expect(tracingOf({ name: "prod", openTelemetry }, "heartbeat")).toMatchObject({
      entry: "index.mjs",
      environment: {},
    });
  });

  test.each([
    [{ endpoint: "http://otlp.example.com" }, "openTelemetry.endpoint: must be https"],
    [{ endpoint: "otlp.example.com" }, "openTelemetry.endpoint: the address of a collector"],
    [{ endpoint: "https://otlp.example.com", headersSecret: "Key=1" }, "openTelemetry.headersSecret"],
    [{ endpoint: "https://otlp.example.com", headers: "api-key=1" }, "openTelemetry"],
  ])("that is %j is refused", (openTelemetry, problem) => {
    expect(() => of(openTelemetry)).toThrow(problem);
    expect(of({ endpoint: "http://localhost:4318" }).openTelemetry?.endpoint).toBe("http://localhost:4318");
  });
});

describe("a stage of one's own", () => {
  test("everything that is wrong with its environment is named at once", () => {
    const environment = {
      AWS_REGION: "Frankfurt",
      STEWARD_DOMAIN: "jane",
      STEWARD_CERTIFICATE_ARN: "arn:aws:iam::1:role/x",
      STEWARD_HOSTED_ZONE_ID: "zone",
    };
    const problems = Object.keys(environment).map((name) => `  ${name}: `);
    expect(() => readPersonalSettings(environment)).toThrow(new RegExp(problems.join("[^]*")));
  });

  test("a domain wants both its certificates, each where AWS looks for it", () => {
    const arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000001";
    const half = { STEWARD_DOMAIN: "jane.example.com", STEWARD_CERTIFICATE_ARN: arn };
    expect(() => readPersonalSettings(half)).toThrow("STEWARD_CERTIFICATE_ARN: must be a certificate in eu-central-1");
    expect(() => readPersonalSettings(half)).toThrow(
      "STEWARD_DASHBOARD_CERTIFICATE_ARN: is needed with STEWARD_DOMAIN",
    );
    expect(() => readPersonalSettings({ STEWARD_CERTIFICATE_ARN: arn })).toThrow(
      "STEWARD_CERTIFICATE_ARN: is of no use without STEWARD_DOMAIN",
    );
    expect(readPersonalSettings({ STEWARD_DOMAIN: "" })).toEqual({ region: "eu-central-1", domains: undefined });
  });

  test.each([undefined, "", "Jane", "jane_doe", "1st", "a-stage-with-a-name-too-long"])(
    "%s cannot be its name",
    (name) => {
      expect(() => readStage(name)).toThrow("lower-case letters, digits and hyphens");
    },
  );

  test("its name does not begin like a permanent stage's, whose deploy role would then rule over it", () => {
    expect(() => readStage("prod-anna")).toThrow("begins like the permanent stage prod");
    expect(readStage("anna-prod").permanent).toBe(false);
  });

  test("what `bootstrap` publishes must have been built for it too", async () => {
    expect(await refusal({ stage: "jane", unbuilt: ["bootstrap", "api"] })).toContain(
      "Not built: dist/functions/bootstrap/index.mjs. Next: npm run build",
    );
  });

  test("a truststore of another shape is told, not passed over: the nodes door would stay shut in silence", async () => {
    expect(await refusal({ stage: "jane", parameters: { truststore: "{}" } })).toContain(
      "/steward/jane/truststore is not {uri, version} as JSON. Next: npx steward cert init --stage jane",
    );
  });
});
