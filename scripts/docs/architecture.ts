import {
  laneQueue,
  lanes,
  queueDefinitions,
  type QueueName,
  queueNames,
  resourceNames,
  signingKeyUses,
} from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import { type FunctionDefinition, functionDefinitions, functionNames } from "@steward/functions/definitions";

const stage = "STAGE";
const names = resourceNames(stage);
const rights = permissions(stage, "ACCOUNT");
const definitions: Record<string, FunctionDefinition> = functionDefinitions;

/** `docs/architecture.md`: what there is and what calls what, drawn from the definitions that the code itself uses. */
export function architectureDoc(): string {
  return [
    "# What Steward is made of on AWS",
    "",
    "Made by `npm run docs` from the definitions of functions, queues and rights. The diagrams are text (Mermaid), which",
    "GitHub and most editors draw.",
    "",
    "## Who calls what",
    "",
    "```mermaid",
    ...calls(),
    "```",
    "",
    "## What a function may touch",
    "",
    `Every function writes to the one table, but for those that only read it: ${readers().join(", ")}. A solid arrow is a`,
    "message sent, a command given or a model asked; a dotted one is a key or an object used. The exact rights are in",
    "[permissions.md](permissions.md).",
    "",
    "```mermaid",
    ...touches(),
    "```",
    "",
    "## Two lifecycles",
    "",
    "```mermaid",
    ...lifecycles(),
    "```",
    "",
  ].join("\n");
}

/** Mermaid takes letters, digits and underscores for a node's id. */
const id = (text: string) => text.replaceAll(/[^a-zA-Z0-9]/g, "_");
const laneQueues: readonly QueueName[] = lanes.map(laneQueue);
/** The three lanes are drawn as one: whoever may send to one may send to all. */
const queueOf = (name: QueueName) => (laneQueues.includes(name) ? "lanes" : name);
const queueNode = (name: string) => `  q_${id(name)}[/"${name === "lanes" ? `lanes: ${lanes.join(", ")}` : name}"/]`;
const queueNodes = [...new Set(queueNames.map(queueOf))];

function calls(): string[] {
  const triggered = (kind: FunctionDefinition["trigger"]["kind"]) =>
    functionNames.filter((name) => definitions[name]?.trigger.kind === kind);
  const doors = functionNames.flatMap((name) => {
    const trigger = definitions[name]?.trigger;
    return trigger?.kind === "http" ? [`  http --> f_${id(name)}`] : [];
  });
  const consumed = functionNames.flatMap((name) => {
    const trigger = definitions[name]?.trigger;
    return trigger?.kind === "queue" ? [`  q_${id(queueOf(trigger.queue))} --> f_${id(name)}`] : [];
  });
  return [
    "flowchart LR",
    '  people(["people, CLI, dashboard"]) -->|"api. · JWT"| http["HTTP API"]',
    '  appliances(["appliances"]) -->|"nodes. · mutual TLS"| http',
    '  workers(["GPU workers"]) -->|"nodes. · mutual TLS"| http',
    ...functionNames.map((name) => `  f_${id(name)}("${name}")`),
    ...queueNodes.map(queueNode),
    ...doors,
    ...consumed,
    "  q_lanes -->|pulled| workers",
    '  clock(["once a minute"])',
    ...triggered("schedule").map((name) => `  clock --> f_${id(name)}`),
    '  group(["worker group: an instance came or went"])',
    ...triggered("worker-group").map((name) => `  group --> f_${id(name)}`),
    '  rotation(["Secrets Manager: a secret is due"])',
    ...triggered("rotation").map((name) => `  rotation --> f_${id(name)}`),
    '  operator(["operator, through IAM"])',
    ...triggered("direct").map((name) => `  operator --> f_${id(name)}`),
  ];
}

function touches(): string[] {
  const edges = functionNames.flatMap((name) => {
    const grants = rights[definitions[name]?.principal ?? "api"];
    const may = (action: string) =>
      grants.filter((grant) => grant.actions.includes(action)).flatMap((grant) => grant.resources);
    const sent = queueNames
      .filter((queue) => may("sqs:SendMessage").includes(names.queue(queue)))
      .map((queue) => `  f_${id(name)} --> q_${id(queueOf(queue))}`);
    const signed = signingKeyUses
      .filter((use) => may("kms:Sign").includes(names.keyAlias(use)))
      .map((use) => `  f_${id(name)} -.->|signs| k_${use}`);
    const rings = may("ssm:SendCommand").length > 0 ? [`  f_${id(name)} -->|doorbell| ssm`] : [];
    const asks = may("secretsmanager:GetSecretValue").includes(names.anthropicSecret)
      ? [`  f_${id(name)} -->|asks| claude`]
      : [];
    const objects = grants.some((grant) => grant.actions.some((action) => action.startsWith("s3:")))
      ? [`  f_${id(name)} -.-> s3`]
      : [];
    return [...sent, ...signed, ...rings, ...asks, ...objects];
  });
  const drawn = functionNames.filter((name) => edges.some((edge) => edge.startsWith(`  f_${id(name)} `)));
  return [
    "flowchart LR",
    ...drawn.map((name) => `  f_${id(name)}("${name}")`),
    ...queueNodes.filter((name) => edges.some((edge) => edge.endsWith(`q_${id(name)}`))).map(queueNode),
    ...signingKeyUses
      .filter((use) => edges.some((edge) => edge.endsWith(`k_${use}`)))
      .map((use) => `  k_${use}{{"KMS key: ${use}"}}`),
    '  ssm["SSM Run Command"]',
    '  claude["Claude"]',
    '  s3[("buckets: bundles, outputs, fleet")]',
    ...new Set(edges),
  ];
}

/** Functions that may change nothing in the table. */
function readers(): string[] {
  const writing = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
  return functionNames.filter((name) => {
    const grants = rights[definitions[name]?.principal ?? "api"];
    return !grants.some(({ actions }) => actions.some((action) => writing.includes(action)));
  });
}

function lifecycles(): string[] {
  return [
    "flowchart LR",
    '  subgraph stacks["stacks/ · CDK · rarely"]',
    '    data[("table, buckets, keys, secrets")]',
    `    queues["${Object.keys(queueDefinitions).length} queues, each with dead letters"]`,
    '    machines["worker group, appliance role, Steward-Wake"]',
    '    watch["alarms, dashboards, backup"]',
    "  end",
    '  parameters["SSM parameters /steward/STAGE/…"]',
    '  subgraph infra["infra/ · SST · every commit"]',
    `    functions["${functionNames.length} functions"]`,
    '    doors["HTTP API: api., nodes."]',
    '    site["dashboard"]',
    "  end",
    "  stacks -->|writes| parameters",
    '  certs["steward cert init"] -->|"CA, truststore"| parameters',
    "  parameters -->|reads| infra",
    '  bootstrap["steward bootstrap"] -->|"trust, release, first admin"| infra',
  ];
}
