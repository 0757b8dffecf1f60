import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { resourceNames, secretNames, type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { policyStatements, type StagePlace, type Statement } from "@steward/contracts/policy";
import { keyOfRight, listRights, type Right } from "@steward/contracts/rights";
import { keysOfUnused, unusedRights } from "@steward/contracts/unused-rights";
import { localAccount } from "@steward/local/account";
import { beforeAll, expect, test } from "vitest";
import { type RecordedCall, recordedCallSchema } from "../../packages/local/src/cloud/call-recorder.ts";
import { isCovered, wildcard } from "../support/policy-matcher.ts";
import { requireOrSkip } from "../support/require.ts";

// `npm test` names the folder, and says whether all tests ran before this one.
const folder = process.env["STEWARD_RECORD_CALLS"];
const complete = process.env["STEWARD_WHOLE_SUITE"] === "true";
let calls: RecordedCall[];

beforeAll(() => {
  const files = folder === undefined ? [] : readdirSync(folder).map((name) => join(folder, name));
  const lines = files.flatMap((file) => readFileSync(file, "utf8").split("\n"));
  calls = lines.filter((line) => line !== "").map((line) => recordedCallSchema.parse(JSON.parse(line)));
});

requireOrSkip(
  "recording",
  folder !== undefined,
  "npm test records the calls, and it did not start this",
)("the calls that Steward's parts made in the tests", () => {
  test("are there", () => {
    expect(calls.length).toBeGreaterThan(0);
  });

  test("were all allowed: no part asks for what it may not do, not in an error's path either", () => {
    expect(calls.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  test("are covered by the statements that are deployed", () => {
    const uncovered = calls.flatMap((call) => {
      const statements = policyStatements(call.principal, placeOf(call.stage));
      return arnsOf(call).flatMap((arn) =>
        isCovered(
          statements.filter((one) => isOfKey(one, call)),
          call.action,
          arn,
        )
          ? []
          : [`${call.principal} ${call.action} ${arn}`],
      );
    });
    expect([...new Set(uncovered)]).toEqual([]);
  });
});

requireOrSkip(
  "whole-suite",
  complete,
  "which rights are never used shows only when every test has run",
)("the rights that no test uses", () => {
  const listed = unusedRights.flatMap(keysOfUnused);

  test("are on the list, with their reasons", () => {
    const used = usedRights();
    const unused = rights.map(keyOfRight).filter((key) => !used.has(key));
    expect(unused.filter((key) => !listed.includes(key))).toEqual([]);
  });

  test("are all that is on the list", () => {
    const used = usedRights();
    const never = unusedRights.filter(({ byChance }) => byChance !== true).flatMap(keysOfUnused);
    expect(never.filter((key) => used.has(key))).toEqual([]);
  });
});

/** As they are written in the list: of any stage and account. */
const rights = listRights("{stage}", "{account}");

function usedRights(): Set<string> {
  const stages = new Set(calls.map(({ stage }) => stage));
  const used = new Set<string>();
  for (const stage of stages) {
    const own = calls.filter((call) => call.stage === stage && call.allowed);
    for (const [place, right] of listRights(stage, localAccount).entries()) {
      const general = rights[place];
      if (general !== undefined && own.some((call) => isUseOf(call, right))) used.add(keyOfRight(general));
    }
  }
  return used;
}

function isUseOf(call: RecordedCall, { principal, action, resource }: Right): boolean {
  return call.principal === principal && call.action === action && wildcard(resource, call.resource);
}

/** A key is known by its aliases. The local cloud records a call by the one that its grant names. */
function isOfKey({ conditions }: Statement, { resource }: RecordedCall): boolean {
  const aliases = conditions?.["ForAnyValue:StringEquals"]?.["kms:ResourceAliases"];
  return aliases === undefined || [aliases].flat().includes(resource);
}

const regional = (service: string, rest: string) => `arn:aws:${service}:eu-central-1:${localAccount}:${rest}`;
/** ARNs that AWS makes up. */
const keyArnOf = (use: SigningKeyUse) => regional("kms", `key/${use}`);
const secretArnOf = (name: string) => regional("secretsmanager", `secret:${name}-AbCdEf`);

function placeOf(stage: string): StagePlace {
  const names = resourceNames(stage);
  return {
    stage,
    partition: "aws",
    region: "eu-central-1",
    account: localAccount,
    secretArns: Object.fromEntries(secretNames.map((name) => [name, secretArnOf(names.secret(name))])),
  };
}

/**
 * What IAM would be asked about on AWS, written down apart from `policy.ts`: from the services' own pages of the
 * authorization reference. One call may need the right to several resources.
 */
function arnsOf({ stage, action, resource }: RecordedCall): string[] {
  const [service = ""] = action.split(":");
  if (resource === "*") return ["*"];
  switch (service) {
    case "dynamodb":
      return [regional(service, `table/${resource}`)];
    case "sqs":
    case "ses":
      return [regional(service, resource)];
    // A customer's, in an account and region of theirs.
    case "sns":
      return [`arn:aws:sns:eu-west-1:999988887777:${resource}`];
    case "s3":
      return [`arn:aws:s3:::${resource}`];
    case "iam":
    case "sts":
      return [`arn:aws:iam::${localAccount}:role/${resource}`];
    case "kms": {
      const use = signingKeyUses.find((one) => resourceNames(stage).keyAlias(one) === resource);
      return [use === undefined ? resource : keyArnOf(use)];
    }
    case "secretsmanager":
      return [secretArnOf(resource)];
    case "ssm":
      return action === "ssm:SendCommand"
        ? [regional(service, `document/${resource}`), regional(service, "managed-instance/mi-0123456789abcdef0")]
        : [regional(service, resource.startsWith("mi-") ? `managed-instance/${resource}` : `parameter${resource}`)];
    case "lambda":
      return [regional(service, `function:${resource}`)];
    case "autoscaling":
      return [regional(service, `autoScalingGroup:0a1b:autoScalingGroupName/${resource}`)];
    default:
      throw new RangeError(`what is the ARN of ${service}'s ${resource}?`);
  }
}
