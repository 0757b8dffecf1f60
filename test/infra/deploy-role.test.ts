import { rmSync } from "node:fs";
import { resourceNames } from "@steward/contracts/names";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPermanent, permanentStages, settingsOf } from "../../infra/stages.ts";
import { allows, type Statement, statementsIn } from "./support/read-policy.ts";
import { forgetInfra, type Registered, runInfra } from "./support/run-infra.ts";
import { stageParameters } from "./support/stage-parameters.ts";
import { synthesize } from "./support/synthesize.ts";

afterAll(forgetInfra);

/** What `infra/` makes, held to what the role that deploys it may make: a right that is missing shows at the first deploy. */
describe.each(Object.keys(permanentStages).filter(isPermanent))("the app's deploy role of %s", (stage) => {
  const { account, region } = settingsOf(stage);
  const names = resourceNames(stage);
  let statements: Statement[] = [];
  let made: Registered[] = [];

  beforeAll(async () => {
    const synthesized = synthesize(stage);
    rmSync(synthesized.directory, { recursive: true, force: true });
    statements = statementsIn(synthesized.template("operations").findResources("AWS::IAM::ManagedPolicy"));
    made = (await runInfra({ stage, account, parameters: stageParameters(stage) })).registered;
  });

  it("may make each thing that the app is made of", () => {
    const ours = made.filter(({ type }) => type.startsWith("aws:"));
    expect(ours.length).toBeGreaterThan(100);
    const refused = ours
      .flatMap((resource) =>
        rightsFor(resource, { account, region }).map((right) => ({ ...right, for: resource.name })),
      )
      .filter((right) => !allows(statements, right));
    expect(refused).toEqual([]);
  });

  it("makes no role but within the boundary", () => {
    const roles = made.filter(({ type }) => type === "aws:iam/role:Role");
    expect(roles.length).toBeGreaterThan(10);
    for (const { name, inputs } of roles) {
      expect(inputs["permissionsBoundary"], name).toBe(`arn:aws:iam::${account}:policy/${names.appBoundary}`);
    }
  });

  it("reads and keeps SST's books of the stage, and of no other", () => {
    const may = (action: string, key: string) =>
      allows(statements, { action, resource: `arn:aws:s3:::sst-state-abcdefgh/${key}` });
    for (const key of [`app/steward/${stage}.json`, `lock/steward/${stage}.json`, `update/steward/${stage}/1.json`]) {
      expect(may("s3:PutObject", key), key).toBe(true);
    }
    // Asked for at every deploy; what S3 refuses to show SST takes for a wrong passphrase.
    expect(may("s3:GetObject", "secret/steward/_fallback.json")).toBe(true);
    expect(may("s3:PutObject", "secret/steward/_fallback.json")).toBe(false);
    expect(may("s3:GetObject", "secret/steward/other.json")).toBe(false);
  });

  it("may not make the like for another stage", () => {
    const another = { type: "aws:lambda/function:Function", name: "x", inputs: { name: "steward-other-api" } };
    const [right] = rightsFor(another, { account, region });
    expect(right && allows(statements, right)).toBe(false);
  });
});

/** The right that AWS asks for when Pulumi makes such a resource, of its own name where it has one. */
function rightsFor(
  { type, inputs }: Registered,
  { account, region }: { account: string; region: string },
): { action: string; resource: string }[] {
  const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
  const named = (key: string) => String(inputs[key]).split(":function:").at(-1) ?? "";
  const bucket = (action: string) => [{ action, resource: `arn:aws:s3:::${named("bucket")}` }];
  const fn = (action: string, key: string) => [{ action, resource: arn("lambda", `function:${named(key)}`) }];
  const [service = "", kind = ""] = type.slice("aws:".length).split(/[/:]/);
  switch (`${service}/${kind}`) {
    case "apigatewayv2/api":
      return [{ action: "apigateway:POST", resource: `arn:aws:apigateway:${region}::/apis` }];
    case "apigatewayv2/domainName":
      return [
        "apigateway:POST",
        ...(inputs["mutualTlsAuthentication"] === undefined ? [] : ["apigateway:AddCertificateToDomain"]),
      ].map((action) => ({ action, resource: `arn:aws:apigateway:${region}::/domainnames` }));
    case "apigatewayv2/apiMapping":
      return [{ action: "apigateway:POST", resource: `arn:aws:apigateway:${region}::/domainnames/x/apimappings` }];
    case "apigatewayv2/stage":
    case "apigatewayv2/integration":
    case "apigatewayv2/route":
      return [{ action: "apigateway:POST", resource: `arn:aws:apigateway:${region}::/apis/x/${kind}s` }];
    case "cloudfront/distribution":
    case "cloudfront/function":
    case "cloudfront/keyValueStore":
    case "cloudfront/originAccessControl":
    case "cloudfront/responseHeadersPolicy":
      return [{ action: `cloudfront:Create${kind}`, resource: "*" }];
    case "cloudwatch/eventRule":
      return [{ action: "events:PutRule", resource: arn("events", `rule/${named("name")}`) }];
    case "cloudwatch/eventTarget":
      return [{ action: "events:PutTargets", resource: arn("events", `rule/${named("rule")}`) }];
    case "cloudwatch/logGroup":
      return [{ action: "logs:CreateLogGroup", resource: arn("logs", `log-group:${named("name")}`) }];
    case "cloudwatch/metricAlarm":
      return [{ action: "cloudwatch:PutMetricAlarm", resource: arn("cloudwatch", `alarm:${named("name")}`) }];
    case "iam/role":
      return ["iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy"].map((action) => ({
        action,
        resource: `arn:aws:iam::${account}:role/${named("name")}`,
      }));
    case "lambda/eventSourceMapping":
      return [{ action: "lambda:CreateEventSourceMapping", resource: "*" }];
    case "lambda/function":
      return fn("lambda:CreateFunction", "name");
    case "lambda/functionEventInvokeConfig":
      return fn("lambda:PutFunctionEventInvokeConfig", "functionName");
    case "lambda/permission":
      return fn("lambda:AddPermission", "function");
    case "s3/bucket":
      return bucket("s3:CreateBucket");
    case "s3/bucketPolicy":
      return bucket("s3:PutBucketPolicy");
    case "s3/bucketPublicAccessBlock":
      return bucket("s3:PutBucketPublicAccessBlock");
    case "s3/bucketObjectv2":
      // SST's bucket has an ending that its stand-in lacks. Each upload has the stage's tags, and gives way to the next one.
      return ["PutObject", "PutObjectTagging", "GetObject", "GetObjectTagging", "DeleteObject"].map((verb) => ({
        action: `s3:${verb}`,
        resource: `arn:aws:s3:::sst-asset-abcdefgh/${named("key")}`,
      }));
    case "secretsmanager/secretRotation":
      return ["RotateSecret", "DescribeSecret"].map((verb) => ({
        action: `secretsmanager:${verb}`,
        resource: String(inputs["secretId"]),
      }));
    case "scheduler/schedule":
      return [{ action: "scheduler:CreateSchedule", resource: arn("scheduler", `schedule/default/${named("name")}`) }];
    default:
      throw new Error(
        `say here which right it takes to make ${type}, and give it to the role in stacks/deploy-roles.ts`,
      );
  }
}
