import { type ParameterName, parametersBy, type QueueName, resourceNames, secretNames } from "@steward/contracts/names";
import type { StagePlace } from "@steward/contracts/policy";
import { parameterSchema, truststoreSchema } from "@steward/contracts/stage-parameters";
import { functionDefinitions } from "@steward/functions/definitions";
import { makeStorage } from "./dev.ts";
import { type Account, type Input, type Output, perName } from "./platform.ts";
import type { Stage } from "./stage.ts";

export interface Truststore {
  /** `s3://bucket/key` */
  uri: string;
  version: string;
}

/** What functions work with and no deploy makes: a permanent stage's from `stacks/`, a personal one's from `dev.ts`. */
export interface Storage {
  /** Where it all is, as policies need it. */
  place: Output<StagePlace>;
  queueArn: (name: QueueName) => Input<string>;
  /** Absent: no CA yet. */
  truststore: Truststore | undefined;
  /** Absent: nobody is told. */
  alarmTopicArn: Input<string> | undefined;
  /** Whether `steward bootstrap` has run. */
  bootstrapped: boolean;
}

const consumedQueues = Object.values(functionDefinitions).flatMap(({ trigger }) =>
  trigger.kind === "queue" ? [trigger.queue] : [],
);

/** Every parameter that a deploy of a permanent stage cannot do without. */
const needed: readonly ParameterName[] = [
  ...consumedQueues.map((name) => `queue-arn/${name}` as const),
  ...secretNames.map((name) => `secret-arn/${name}` as const),
  "alarm-topic-arn",
  "truststore",
];

export async function findStorage(stage: Stage, { account, partition }: Account): Promise<Storage> {
  const parameters = await readParameters(stage);
  const common = {
    truststore: truststoreOf(stage, parameters),
    bootstrapped: parametersBy.bootstrap.every((name) => parameters.has(name)),
  };
  const where = { stage: stage.name, partition, region: stage.region, account };
  if (!stage.permanent) return { ...common, ...makeStorage(where) };

  const parameter = requireParameters(stage, parameters);
  const place: StagePlace = {
    ...where,
    secretArns: perName(secretNames, (name) => parameter(`secret-arn/${name}`)),
  };
  return {
    ...common,
    place: $util.output(place),
    queueArn: (name) => parameter(`queue-arn/${name}`),
    alarmTopicArn: parameter("alarm-topic-arn"),
  };
}

/** All of the stage's parameters that are there, by name: one call tells at once what is missing. */
async function readParameters(stage: Stage): Promise<ReadonlyMap<string, string>> {
  // With the slash at its end: a right to what is below the folder is no right to the folder's own name.
  const path = `${resourceNames(stage.name).parameterFolder}/`;
  // None of them is a secret, so none is decrypted.
  const found = await aws.ssm.getParametersByPath({ path, recursive: true, withDecryption: false });
  return new Map(found.names.map((name, index) => [name.slice(path.length), found.values[index] ?? ""]));
}

/** A reader of what is needed. Throws one error that names everything that is missing or malformed, and who writes it. */
function requireParameters(stage: Stage, found: ReadonlyMap<string, string>): (name: ParameterName) => string {
  const names = resourceNames(stage.name);
  const problems = needed.flatMap((name) => {
    const value = found.get(name);
    if (value === undefined) return [`  ${names.parameter(name)} is missing. ${remedy(stage, name)}`];
    const parsed = parameterSchema(name).safeParse(value);
    if (parsed.success) return [];
    return [`  ${names.parameter(name)} is not ${parsed.error.issues[0]?.message}: ${value}. ${remedy(stage, name)}`];
  });
  if (problems.length > 0) throw new Error(`${stage.name} cannot be deployed yet:\n${problems.join("\n")}`);
  return (name) => {
    const value = found.get(name);
    if (value === undefined) throw new RangeError(`${name} is not among the parameters that a deploy needs`);
    return value;
  };
}

function remedy(stage: Stage, name: ParameterName): string {
  const written = Object.entries(parametersBy).find(([, names]) => (names as readonly string[]).includes(name));
  return written?.[0] === "cert-init"
    ? `Next: npx steward cert init --stage ${stage.name}`
    : `Next: npx cdk deploy --all -c stage=${stage.name}`;
}

/** A permanent stage's is checked with the other parameters; a personal stage does without until it has one. */
function truststoreOf(stage: Stage, parameters: ReadonlyMap<string, string>): Truststore | undefined {
  const text = parameters.get("truststore");
  if (text === undefined) return undefined;
  if (parameterSchema("truststore").safeParse(text).success) return truststoreSchema.parse(JSON.parse(text));
  if (stage.permanent) return undefined;
  throw new Error(
    `${resourceNames(stage.name).parameter("truststore")} is not {uri, version} as JSON. Next: npx steward cert init --stage ${stage.name}`,
  );
}
