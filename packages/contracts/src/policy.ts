import { resourceNames, type SecretName, secretNames, signingKeyUses, stageTag } from "./names.ts";
import { type Grant, type PrincipalName, permissions } from "./permissions.ts";

/** Where a stage is, and the ARNs that AWS chose and nobody can foretell. */
export interface StagePlace {
  stage: string;
  /** `aws`, `aws-cn`, … */
  partition: string;
  region: string;
  account: string;
  /** Of the secrets that the part may use; of others they are not asked. */
  secretArns: Readonly<Partial<Record<SecretName, string>>>;
}

/** One statement of an IAM policy, always an allow. */
export interface Statement {
  actions: string[];
  resources: string[];
  /** `{StringEquals: {"iam:PassedToService": "ssm.amazonaws.com"}}` */
  conditions?: Record<string, Record<string, string | string[]>>;
  /** Why a resource is a wildcard. */
  why?: string;
}

/** The rights of one part of Steward as IAM statements: the same table that the local cloud enforces, with ARNs. */
export function policyStatements(principal: PrincipalName, place: StagePlace): Statement[] {
  return permissions(place.stage, place.account)[principal].flatMap((grant) => statementsOf(grant, place));
}

/** One statement for each service of the grant, and for each condition. */
function statementsOf({ actions, resources, keys, why }: Grant, place: StagePlace): Statement[] {
  const groups = Map.groupBy(actions, (action) => JSON.stringify([serviceOf(action), conditionsOf(action, place)]));
  return [...groups.values()].flatMap((own): Statement[] => {
    const [first = ""] = own;
    const kms = serviceOf(first) === "kms";
    const conditions = kms
      ? keysNamed(resources, place)
      : keys === undefined
        ? conditionsOf(first, place)
        : { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys.length === 1 ? (keys[0] ?? "") : keys } };
    const statement: Statement = {
      actions: own,
      resources: kms
        ? [`arn:${place.partition}:kms:${place.region}:${place.account}:key/*`]
        : resources.flatMap((name) => (name === "*" ? ["*"] : arnsOf(serviceOf(first), name, place))),
      ...(conditions === undefined ? {} : { conditions }),
      ...(kms ? { why: whyAnyKey } : why === undefined ? {} : { why }),
    };
    return first === "ssm:SendCommand" ? [statement, machinesOf(place)] : [statement];
  });
}

/** What bounds an action further than its resource does. */
function conditionsOf(action: string, place: StagePlace): Statement["conditions"] {
  switch (action) {
    case "iam:PassRole":
      return { StringEquals: { "iam:PassedToService": "ssm.amazonaws.com" } };
    // A machine tagged as another stage's would be rung by that stage.
    case "ssm:CreateActivation":
    case "ssm:AddTagsToResource":
      return { StringEquals: { [`aws:RequestTag/${stageTag}`]: place.stage } };
    case "ssm:DeregisterManagedInstance":
      return { StringEquals: { [`ssm:resourceTag/${stageTag}`]: place.stage } };
    default:
      return undefined;
  }
}

const whyAnyKey =
  "keys are rotated and their ids are AWS's to choose; the condition on their aliases is what bounds it";

/**
 * A key is known by its alias, so that a rotation changes no policy. Its neighbours count as well: AWS takes up to five
 * minutes until a moved alias counts, and the key that is to sign has had one of these for longer by then.
 */
function keysNamed(aliases: readonly string[], { stage }: StagePlace): NonNullable<Statement["conditions"]> {
  const names = resourceNames(stage);
  const allowed = aliases.flatMap((alias) => {
    const use = signingKeyUses.find((one) => names.keyAlias(one) === alias);
    if (use === undefined) throw new RangeError(`no signing key has the alias ${alias}`);
    return [alias, names.neighbourAlias(use, "next"), names.neighbourAlias(use, "previous")];
  });
  return { "ForAnyValue:StringEquals": { "kms:ResourceAliases": allowed } };
}

/** A command needs the right to its document and to each machine: here, those that carry the stage's own tag. */
function machinesOf({ partition, region, account, stage }: StagePlace): Statement {
  return {
    actions: ["ssm:SendCommand"],
    resources: [
      `arn:${partition}:ec2:${region}:${account}:instance/*`,
      `arn:${partition}:ssm:${region}:${account}:managed-instance/*`,
    ],
    conditions: { StringEquals: { [`ssm:resourceTag/${stageTag}`]: stage } },
    why: "machines come and go; the condition on their tag is what bounds them",
  };
}

function serviceOf(action: string): string {
  return action.split(":")[0] ?? "";
}

/** The ARNs of one of a service's own names, as `permissions` writes them. */
function arnsOf(service: string, name: string, place: StagePlace): string[] {
  const { partition, region, account } = place;
  const names = resourceNames(place.stage);
  const regional = (rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  switch (service) {
    case "dynamodb":
      return [regional(`table/${name}`)];
    case "sns":
      return [`arn:${place.partition}:sns:*:*:${name}`];
    case "sqs":
      return [regional(name)];
    case "ssm":
      if (name === "mi-*") return [regional("managed-instance/*")];
      return [regional(name.startsWith("/") ? `parameter${name}` : `document/${name}`)];
    case "s3":
      return [`arn:${partition}:s3:::${name}`];
    case "iam":
    case "sts":
      return [`arn:${partition}:iam::${account}:role/${name}`];
    case "secretsmanager": {
      const secret = secretNames.find((one) => names.secret(one) === name);
      // A secret that is yet to be made has an ARN with six characters that nobody knows.
      return [secret === undefined ? regional(`secret:${name}`) : known(place.secretArns[secret], name)];
    }
    case "ses":
      return [regional(name)];
    case "lambda":
      return [regional(`function:${name}`)];
    case "autoscaling":
      return [regional(`autoScalingGroup:*:autoScalingGroupName/${name}`)];
    default:
      throw new RangeError(`no rule for the ARNs of ${service}`);
  }
}

function known(arn: string | undefined, name: string): string {
  if (arn === undefined) throw new RangeError(`the ARN of ${name} was not given`);
  return arn;
}
