import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resourceNames, type SecretName, secretNames, signingKeyUses } from "./names.ts";
import { permissions, principalNames } from "./permissions.ts";
import { policyStatements, type StagePlace } from "./policy.ts";

const secretArns = (of: (name: SecretName) => string) =>
  Object.fromEntries(secretNames.map((name) => [name, of(name)])) as Record<SecretName, string>;

type Place = StagePlace & { secretArns: Record<SecretName, string> };

function placeOf({ stage, partition, region, account }: Omit<StagePlace, "secretArns">): Place {
  return {
    stage,
    partition,
    region,
    account,
    secretArns: secretArns((name) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-AbCdEf`),
  };
}

const prod = placeOf({ stage: "prod", partition: "aws", region: "eu-central-1", account: "111122223333" });
const anyPlace = fc
  .record({
    stage: fc.stringMatching(/^[a-z][a-z0-9-]{0,19}$/),
    partition: fc.constantFrom("aws", "aws-cn", "aws-us-gov"),
    region: fc.constantFrom("eu-central-1", "cn-north-1", "us-gov-west-1"),
    account: fc.stringMatching(/^[0-9]{12}$/),
  })
  .map(placeOf);
const anyPrincipal = fc.constantFrom(...principalNames);
const serviceOf = (action: string) => action.split(":")[0];
/** IAM knows no resource for them. */
const withoutResource = new Set([
  "ssm:DescribeInstanceInformation",
  "autoscaling:DescribeAutoScalingGroups",
  "sqs:ListQueues",
]);

/** What is named by customers, or by who runs the account: topics, and the domain that mail comes from. */
const ofOthers = new Set(["sns:Publish", "ses:SendEmail"]);

describe("the statements of a part", () => {
  test("of the worker are the lanes and workers' own queues, and nothing else", () => {
    const queue = (name: string) => `arn:aws:sqs:eu-central-1:111122223333:steward-prod-inference-${name}`;
    const actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"];
    expect(policyStatements("worker", prod)).toEqual([
      { actions, resources: [queue("express"), queue("standard"), queue("bulk")] },
      { actions, resources: [queue("wrk_*")], why: expect.any(String) },
    ]);
  });

  test("of a heartbeat are one write to the table and one queue", () => {
    expect(policyStatements("heartbeat", prod)).toEqual([
      {
        actions: ["dynamodb:UpdateItem"],
        resources: ["arn:aws:dynamodb:eu-central-1:111122223333:table/steward-prod"],
        conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "SYS#PRESENCE#*" } },
      },
      {
        actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
        resources: ["arn:aws:sqs:eu-central-1:111122223333:steward-prod-node-events"],
      },
    ]);
  });

  test("let the enrolment register machines of its own stage only, with one role, for SSM only", () => {
    const statements = policyStatements("enrol", prod);
    expect(statements.filter(({ resources }) => resources.includes("*"))).toEqual([
      {
        actions: ["ssm:CreateActivation", "ssm:AddTagsToResource"],
        resources: ["*"],
        conditions: { StringEquals: { "aws:RequestTag/steward-stage": "prod" } },
        why: "an activation has no name before it is made",
      },
      // To count them; a listing has no narrower resource.
      expect.objectContaining({ actions: ["ssm:DescribeInstanceInformation"] }),
    ]);
    expect(statements.filter(({ actions }) => actions.includes("iam:PassRole"))).toEqual([
      {
        actions: ["iam:PassRole"],
        resources: ["arn:aws:iam::111122223333:role/steward-prod-appliance"],
        conditions: { StringEquals: { "iam:PassedToService": "ssm.amazonaws.com" } },
      },
    ]);
  });

  test("let the dispatcher send the one document, to machines with the stage's tag", () => {
    const statements = policyStatements("dispatch", prod).filter(({ actions }) => actions.includes("ssm:SendCommand"));
    expect(statements.map(({ why: _why, ...statement }) => statement)).toEqual([
      {
        actions: ["ssm:SendCommand"],
        resources: ["arn:aws:ssm:eu-central-1:111122223333:document/Steward-Wake-prod"],
      },
      {
        actions: ["ssm:SendCommand"],
        resources: [
          "arn:aws:ec2:eu-central-1:111122223333:instance/*",
          "arn:aws:ssm:eu-central-1:111122223333:managed-instance/*",
        ],
        conditions: { StringEquals: { "ssm:resourceTag/steward-stage": "prod" } },
      },
    ]);
  });

  test("name parameters, objects, secrets and the worker group as IAM does", () => {
    const resourcesOf = (action: string) =>
      principalNames.flatMap((principal) =>
        policyStatements(principal, prod).flatMap(({ actions, resources }) =>
          actions.includes(action) ? [...resources] : [],
        ),
      );
    expect(resourcesOf("ssm:GetParameter")).toContain(
      "arn:aws:ssm:eu-central-1:111122223333:parameter/steward/prod/release",
    );
    expect(resourcesOf("s3:GetObject")).toContain("arn:aws:s3:::steward-prod-outputs-111122223333/*");
    expect(resourcesOf("s3:ListBucket")).toContain("arn:aws:s3:::steward-prod-outputs-111122223333");
    expect(resourcesOf("dynamodb:Query")).toContain(
      "arn:aws:dynamodb:eu-central-1:111122223333:table/steward-prod/index/due",
    );
    expect(resourcesOf("secretsmanager:CreateSecret")).toContain(
      "arn:aws:secretsmanager:eu-central-1:111122223333:secret:steward-prod/instance/*",
    );
    expect(resourcesOf("autoscaling:CompleteLifecycleAction")).toEqual([
      "arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/steward-prod-workers",
    ]);
  });
});

describe("every part, at every place", () => {
  test("has a statement for each of its grants' actions, about as many resources, and none besides", () => {
    fc.assert(
      fc.property(anyPrincipal, anyPlace, (principal, place) => {
        const pairs = policyStatements(principal, place)
          // A doorbell's own second statement, about the machines that may be rung.
          .filter(
            ({ actions, resources }) =>
              !(actions[0] === "ssm:SendCommand" && resources.some((arn) => arn.endsWith("instance/*"))),
          )
          .flatMap(({ actions, resources }) => actions.map((action) => `${action} ${resources.length}`));
        const granted = permissions(place.stage, place.account)[principal].flatMap(({ actions, resources }) =>
          // Keys are one resource, whatever their aliases.
          actions.map((action) => `${action} ${action.startsWith("kms:") ? 1 : resources.length}`),
        );
        expect(pairs.toSorted()).toEqual(granted.toSorted());
      }),
    );
  });

  test("stays in its partition, region and account", () => {
    fc.assert(
      fc.property(anyPrincipal, anyPlace, (principal, place) => {
        for (const { resources } of policyStatements(principal, place)) {
          for (const arn of resources.filter((one) => one !== "*")) {
            const [prefix, partition, service, region, account] = arn.split(":");
            expect([prefix, partition]).toEqual(["arn", place.partition]);
            // Customers' topics are in accounts of theirs: what bounds the right is the name, and the topic's own policy.
            if (arn.endsWith(":sns:*:*:steward-notices-*")) continue;
            // Bucket names and roles are not of a region; whose a bucket is shows in its name.
            expect(region).toBe(service === "s3" || service === "iam" ? "" : place.region);
            if (service === "s3") expect(arn).toContain(`-${place.account}`);
            else expect(account).toBe(place.account);
          }
        }
      }),
    );
  });

  test("names its stage in every resource that it can name", () => {
    for (const principal of principalNames) {
      for (const { actions, resources, conditions } of policyStatements(principal, prod)) {
        if (actions.every((action) => withoutResource.has(action) || ofOthers.has(action))) continue;
        const bounded = JSON.stringify(conditions ?? {}).includes('"prod"');
        for (const arn of resources) {
          const known = Object.values<string>(prod.secretArns).includes(arn);
          // A key is bounded by its aliases.
          const named = (conditions?.["ForAnyValue:StringEquals"]?.["kms:ResourceAliases"] ?? []).length > 0;
          expect(
            known || named || bounded || /\bsteward-prod\b|\/steward\/prod\/|Steward-Wake-prod$/.test(arn),
            arn,
          ).toBe(true);
        }
      }
    }
  });

  test("has no wildcard without a reason, but for the objects of a bucket", () => {
    for (const principal of principalNames) {
      for (const { actions, resources, why } of policyStatements(principal, prod)) {
        for (const action of actions) expect(action).toMatch(/^[a-z0-9]+:[A-Z][A-Za-z]+$/);
        // The group's id, which AWS makes up, comes before its name.
        const wild = resources.filter((arn) => arn.replace(/autoScalingGroup:\*:/, "").includes("*"));
        if (wild.length > 0 && actions.some((action) => serviceOf(action) !== "s3")) {
          expect(why, `${principal} ${actions.join()} ${wild.join()}`).toMatch(/\w+ \w+/);
        }
        for (const arn of wild.filter((one) => one.startsWith("arn:aws:s3:::"))) expect(arn).toMatch(/\/\*$/);
      }
    }
  });

  test("uses the stage's secrets by their exact ARN; those that tenants and their runs have lie in two folders", () => {
    const known = new Set<string>(Object.values(prod.secretArns));
    for (const principal of principalNames) {
      for (const { actions, resources } of policyStatements(principal, prod)) {
        const exact = actions.some((action) => /^secretsmanager:(Get|Put)/.test(action));
        if (!exact) continue;
        for (const arn of resources) {
          if (arn.endsWith("*")) expect(arn).toMatch(/:secret:steward-prod\/(?:run|tenant)\/\*$/);
          else expect(known, `${principal} ${actions.join()}`).toContain(arn);
        }
      }
    }
  });

  test("uses keys by the exact aliases of their uses, so that a rotation changes no policy", () => {
    const names = resourceNames("prod");
    for (const principal of principalNames) {
      for (const { actions, resources, conditions } of policyStatements(principal, prod)) {
        if (!actions.some((action) => action.startsWith("kms:"))) continue;
        expect(resources).toEqual(["arn:aws:kms:eu-central-1:111122223333:key/*"]);
        expect(Object.keys(conditions ?? {})).toEqual(["ForAnyValue:StringEquals"]);
        const aliases = [conditions?.["ForAnyValue:StringEquals"]?.["kms:ResourceAliases"] ?? []].flat();
        const uses = signingKeyUses.filter((use) => aliases.includes(names.keyAlias(use)));
        expect(aliases).toEqual(
          uses.flatMap((use) => [
            names.keyAlias(use),
            names.neighbourAlias(use, "next"),
            names.neighbourAlias(use, "previous"),
          ]),
        );
        expect(uses.length).toBeGreaterThan(0);
      }
    }
  });

  test("signs with no other's key: each key has its signers and nobody besides", () => {
    const signers = Object.fromEntries(
      signingKeyUses.map((use) => [
        use,
        principalNames.filter((principal) =>
          policyStatements(principal, prod).some(
            ({ actions, conditions }) =>
              actions.includes("kms:Sign") &&
              JSON.stringify(conditions).includes(`"${resourceNames("prod").keyAlias(use)}"`),
          ),
        ),
      ]),
    );
    expect(signers).toEqual({
      dispatch: ["dispatch"],
      approval: ["approve"],
      release: ["bootstrap"],
      token: ["sessions"],
      issuer: ["enrol", "bootstrap"],
      seal: ["seal"],
      notify: ["notify"],
    });
  });
});
