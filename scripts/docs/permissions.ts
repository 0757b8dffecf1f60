import { secretNames } from "@steward/contracts/names";
import type { PrincipalName } from "@steward/contracts/permissions";
import { policyStatements, type StagePlace, type Statement } from "@steward/contracts/policy";
import { type UnusedRights, unusedRights } from "@steward/contracts/unused-rights";
import { type FunctionDefinition, functionDefinitions, functionNames } from "@steward/functions/definitions";

const place: StagePlace = {
  stage: "{stage}",
  partition: "aws",
  region: "{region}",
  account: "{account}",
  secretArns: Object.fromEntries(
    secretNames.map((name) => [
      name,
      `arn:aws:secretsmanager:{region}:{account}:secret:steward-{stage}/${name}-{random}`,
    ]),
  ),
};
const definitions: Record<string, FunctionDefinition> = functionDefinitions;

/** `docs/permissions.md`: what each role may do, from the statements that are deployed, and which rights no test uses. */
export function permissionsDoc(): string {
  return [
    "# Permissions",
    "",
    "Made by `npm run docs` from [permissions.ts](../packages/contracts/src/permissions.ts), which the local cloud enforces and",
    "the infrastructure makes roles from. Change it there.",
    "",
    "One role per function; two functions have the same rights where the table names both. A resource is the end of its ARN,",
    "in the stage's own region and account. No role needs a right to the key that encrypts the data: that key's own policy",
    "lets the account's roles use it through the table, the buckets and the secrets, and not otherwise. Besides, every",
    "function writes its own log group.",
    "",
    "`npm test` records every call that a part of Steward makes in the tests (retries and errors included) and fails when one",
    "was refused or is not covered by the statements below, and when a right that no test uses is not listed at the end.",
    "",
    "## Functions",
    "",
    ...roles(functionRoles()),
    "## Workers",
    "",
    "What workers do with queues. A host of your own has no identity at AWS: it is lent keys of the stage's role for this,",
    "narrowed to the lanes and its own queue, for an hour at a time ([workers.md](workers.md#keys-to-the-queues)). The GPU hosts",
    "in the cloud have the lanes by the policy `steward-{stage}-lanes`, and the queues of single workers by their role alone.",
    "That role may also read the one secret that",
    "was made for its own instance, complete its own lifecycle hooks, protect itself from scale-in while jobs run, and fetch",
    "the host's files; it is made in [stacks/workers.ts](../stacks/workers.ts).",
    "",
    ...roles([["worker", "worker"]]),
    "Appliances have no role but the doorbell's ([stacks/appliances.ts](../stacks/appliances.ts)): being rung by SSM Run Command,",
    "and nothing else. [service-control-policy.md](service-control-policy.md) closes every other way to run something on them.",
    "",
    "## Wildcards",
    "",
    "No action is a wildcard. A resource is one where it is the objects of a bucket, or for the reason given here:",
    "",
    ...wildcards(),
    "",
    "## Rights that no test uses",
    "",
    "A right marked *by chance* may be used by a test, depending on the moment at which something is killed or slow.",
    "",
    "| Role | Actions | Resources | Reason |",
    "|---|---|---|---|",
    ...unusedRights.map(unusedRow),
    "",
  ].join("\n");
}

type Role = [title: string, principal: PrincipalName];

/** Functions with the same principal are one role's rights. */
function functionRoles(): Role[] {
  const byPrincipal = Map.groupBy(functionNames, (name) => functionDefinitions[name].principal);
  return [...byPrincipal].map(([principal, names]) => [
    names.map((name) => `${name} (${startedBy(definitions[name]?.trigger)})`).join(", "),
    principal,
  ]);
}

function startedBy(trigger: FunctionDefinition["trigger"] | undefined): string {
  switch (trigger?.kind) {
    case "http":
      return "HTTP";
    case "queue":
      return `queue ${trigger.queue}`;
    case "schedule":
      return "schedule";
    case "rotation":
      return "Secrets Manager, to rotate";
    case "worker-group":
      return "worker group";
    default:
      return "direct";
  }
}

function roles(list: Role[]): string[] {
  return list.flatMap(([title, principal]) => [
    `### ${title}`,
    "",
    "| Actions | Resources | Only if |",
    "|---|---|---|",
    ...policyStatements(principal, place).map(
      (statement) =>
        `| ${lines(statement.actions)} | ${lines(statement.resources.map(shortArn))} | ${lines(conditionsOf(statement))} |`,
    ),
    "",
  ]);
}

function wildcards(): string[] {
  const principals = new Set(functionRoles().map(([, principal]) => principal));
  return [...principals].flatMap((principal) =>
    policyStatements(principal, place).flatMap(({ actions, resources, why }) =>
      why === undefined ? [] : [`- ${principal}: ${code(actions)} on ${code(resources.map(shortArn))}: ${why}.`],
    ),
  );
}

function unusedRow({ principals, actions, resources, reason, byChance }: UnusedRights): string {
  return `| ${principals.join(", ")} | ${lines(actions)} | ${lines(resources)} | ${reason}${byChance === true ? " *By chance.*" : ""} |`;
}

function conditionsOf({ conditions = {} }: Statement): string[] {
  return Object.values(conditions).flatMap((pairs) =>
    Object.entries(pairs).map(([key, value]) => `${key} = ${[value].flat().join(" or ")}`),
  );
}

/** `arn:aws:sqs:{region}:{account}:steward-{stage}-rollouts` is a queue of that name: the service is with the action. */
function shortArn(arn: string): string {
  return arn.split(":").slice(5).join(":") || arn;
}

function code(texts: readonly string[]): string {
  return texts.map((text) => `\`${text}\``).join(", ");
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `\`${text}\``).join("<br>");
}
