import { type FunctionDefinition, type FunctionName, functionDefinitions } from "@steward/functions/definitions";
import type { Meters } from "../../fleet/meter.ts";
import { prices } from "../prices.ts";

/** What AWS counts. All of it grows by adding: a fleet's is the sum of what its parts cause. */
export interface Billables {
  requests: number;
  invocations: number;
  gbSeconds: number;
  writeUnits: number;
  readUnits: number;
  sqsRequests: number;
  s3Writes: number;
  s3Reads: number;
  signatures: number;
  secretReads: number;
  logBytes: number;
}
export type BillableName = keyof Billables;
const billableNames = [
  "requests",
  "invocations",
  "gbSeconds",
  "writeUnits",
  "readUnits",
  "sqsRequests",
  "s3Writes",
  "s3Reads",
  "signatures",
  "secretReads",
  "logBytes",
] as const satisfies BillableName[];

/*
 * Time is what nothing here can meter: it is Lambda's, and reckoned. The processor's is a heartbeat's, as `npm run bench:handlers`
 * measures it ("heartbeat handler CPU"), on the part of a core that a function's memory buys; every invocation is taken to need
 * as much. For a call's answer it waits 5 ms, and 4 KB of items are read in one. What a wrong guess would cost is beside the bar.
 */
/** The most of four runs, on two cores with a load of 2 to 6, which makes it more and never less: docs/sizing.md. */
export const handlerCpuMs = 0.53;
/** A function with so much memory has one core, one with less its part of it (AWS Lambda's Developer Guide). */
export const coreMb = 1_769;
export const callMs = 5;
export const readUnitMs = 1;

/** What a function's code takes, by its memory, without what it waits for. */
export function startMs(memoryMb: number): number {
  return (handlerCpuMs * coreMb) / memoryMb;
}

export function gbSecondsOf(ms: number, memoryMb: number): number {
  return (ms / 1_000) * (memoryMb / 1_024);
}

/** What a function's meter comes to. Functions of the doors: each invocation is a request of API Gateway as well. */
export function billablesOf(meters: Meters): Billables {
  const sum = { ...zero };
  for (const [name, meter] of Object.entries(meters)) {
    if (name === "simulation") continue;
    const calls = Object.entries(meter.calls);
    const count = (matches: RegExp) => calls.reduce((all, [call, times]) => all + (matches.test(call) ? times : 0), 0);
    const definition = name in functionDefinitions ? functionDefinitions[name as FunctionName] : undefined;
    if (definition !== undefined) {
      const { trigger, memoryMb }: FunctionDefinition = definition;
      if (trigger.kind === "http") sum.requests += meter.invocations;
      const ms = meter.invocations * startMs(memoryMb) + count(/./) * callMs + meter.readUnits * readUnitMs;
      sum.invocations += meter.invocations;
      sum.gbSeconds += gbSecondsOf(ms, memoryMb);
    }
    sum.writeUnits += meter.writeUnits;
    sum.readUnits += meter.readUnits;
    sum.sqsRequests += count(/^sqs\./);
    sum.s3Writes += count(/^s3\.(Put|Post|Copy|List)/);
    sum.s3Reads += count(/^s3\.(Get|Head)/);
    sum.signatures += count(/^kms\.Sign$/);
    sum.secretReads += count(/^secretsmanager\./);
    sum.logBytes += meter.logBytes;
  }
  return sum;
}

const zero = Object.fromEntries(billableNames.map((name) => [name, 0])) as unknown as Billables;

/** `a × times + b × …`: each with its factor. */
export function combine(...parts: (readonly [Billables, number])[]): Billables {
  const sum = { ...zero };
  for (const [part, times] of parts) for (const name of billableNames) sum[name] += part[name] * times;
  return sum;
}

/** Of all that is billed one thing. */
export function only(name: BillableName, billables: Billables): Billables {
  return { ...zero, [name]: billables[name] };
}

const million = 1_000_000;
const services = {
  "API Gateway": { requests: prices.httpApiPerMillion / million },
  Lambda: { invocations: prices.lambdaPerMillion / million, gbSeconds: prices.lambdaPerGbSecond },
  DynamoDB: { writeUnits: prices.dynamoWritePerMillion / million, readUnits: prices.dynamoReadPerMillion / million },
  SQS: { sqsRequests: prices.sqsPerMillion / million },
  S3: { s3Writes: prices.s3WritePerMillion / million, s3Reads: prices.s3ReadPerMillion / million },
  "KMS and secrets": {
    signatures: prices.kmsSignPerMillion / million,
    secretReads: prices.secretReadPerMillion / million,
  },
  "CloudWatch Logs": { logBytes: prices.logsPerGb / 1e9 },
} as const satisfies Record<string, Partial<Record<BillableName, number>>>;
export type Service = keyof typeof services;
export const serviceNames = Object.keys(services) as Service[];

/** In dollars, by service. */
export function priceOf(billables: Billables): Record<Service, number> {
  const cost = (unit: Partial<Record<BillableName, number>>) =>
    billableNames.reduce((sum, name) => sum + billables[name] * (unit[name] ?? 0), 0);
  return Object.fromEntries(serviceNames.map((service) => [service, cost(services[service])])) as Record<
    Service,
    number
  >;
}

export function totalOf(costs: Record<Service, number>): number {
  return serviceNames.reduce((sum, service) => sum + costs[service], 0);
}
