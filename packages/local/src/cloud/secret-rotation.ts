import { randomInt } from "node:crypto";
import { z } from "zod";
import {
  current,
  hasValue,
  holderOf,
  moveStage,
  pending,
  type RotationRules,
  type SecretRecord,
} from "./secret-record.ts";
import { type CloudContext, operation, type Operations, ServiceError } from "./service.ts";

/** What Secrets Manager tells a rotation function, once for each step. */
export interface RotationEvent {
  Step: (typeof steps)[number];
  SecretId: string;
  ClientRequestToken: string;
}

/** Runs the function of that ARN. Throws where it fails, or where there is none to run. */
export type InvokeRotation = (functionArn: string, event: RotationEvent) => Promise<void>;

export const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

const dayMs = 86_400_000;
const tries = 5;
const firstPauseMs = 1_000;

export interface SecretStore {
  find(caller: Parameters<Operations[string]>[1], action: string, reference: string): SecretRecord;
  alive(secret: SecretRecord): SecretRecord;
  /** The record as it is now; undefined where it is gone or waits for its deletion. */
  load(name: string): SecretRecord | undefined;
  all(): SecretRecord[];
  save(secret: SecretRecord): Promise<void>;
  arnOf(secret: SecretRecord): string;
}

const rulesSchema = z
  .strictObject({
    AutomaticallyAfterDays: z.int().min(1).max(1000).optional(),
    Duration: z
      .string()
      .regex(/^\d{1,2}h$/)
      .optional(),
    ScheduleExpression: z.string().max(256).optional(),
  })
  .refine((rules) => (rules.AutomaticallyAfterDays === undefined) !== (rules.ScheduleExpression === undefined), {
    error: "exactly one of AutomaticallyAfterDays and ScheduleExpression",
  });

/** Milliseconds between two rotations. Locally a schedule is a rate; a cron expression is refused. */
export function intervalMs({ AutomaticallyAfterDays: days, ScheduleExpression: schedule }: RotationRules): number {
  if (days !== undefined) return days * dayMs;
  const rate = /^rate\((\d{1,4}) (hour|day)s?\)$/.exec(schedule ?? "");
  const count = Number(rate?.[1] ?? 0);
  if (rate === null || count < 1 || (rate[2] === "hour" && count < 4))
    throw new ServiceError(
      "InvalidParameterException",
      `The schedule ${schedule} is not understood here: write rate(n hours), from 4 on, or rate(n days).`,
    );
  return count * (rate[2] === "hour" ? 3_600_000 : dayMs);
}

export interface Rotations {
  operations: Operations;
  /** Starts and goes on with every rotation that is due, and resolves when none is under way. */
  rotateDue(): Promise<void>;
  /** What `infra/` does at a deploy: sets the schedule, without rotating now. */
  ensureRotation(name: string, rotation: { lambdaArn: string; days: number }): Promise<void>;
  close(): Promise<void>;
}

/**
 * Rotation as Secrets Manager does it: a version is announced as AWSPENDING, and the secret's function is run for each of
 * four steps; when the last is done the version must be AWSCURRENT. What failed is tried again as a whole, which the
 * steps allow. All of it is in the record, so that a cloud that was killed goes on where it was.
 */
export function createRotations(context: CloudContext, store: SecretStore, invoke: InvokeRotation): Rotations {
  const running = new Map<string, Promise<void>>();
  let closed = false;

  /** Announces the version, unless one is under way. */
  const begin = async (secret: SecretRecord, token: string, testOnly: boolean): Promise<void> => {
    const { rotation } = secret;
    if (rotation === undefined) return;
    const known = secret.versions.some(({ id }) => id === token);
    const versions = known
      ? secret.versions
      : [...secret.versions, { id: token, createdAtMs: context.now(), stages: [] }];
    await store.save({
      ...secret,
      versions: moveStage(versions, pending, token),
      rotation: { ...rotation, run: { token, tries: 0, retryAtMs: context.now(), testOnly } },
    });
  };

  const stepAll = async (name: string): Promise<void> => {
    const secret = store.load(name);
    const run = secret?.rotation?.run;
    if (secret?.rotation === undefined || run === undefined) return;
    const { lambdaArn } = secret.rotation;
    try {
      for (const Step of run.testOnly ? (["testSecret"] as const) : steps) {
        if (closed || store.load(name)?.rotation?.run?.token !== run.token) return;
        await invoke(lambdaArn, { Step, SecretId: store.arnOf(secret), ClientRequestToken: run.token });
      }
      await end(name, run);
    } catch (error) {
      context.log(`The rotation of ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
      await fail(name, run.token);
    }
  };

  const end = async (name: string, { token, testOnly }: { token: string; testOnly: boolean }): Promise<void> => {
    const secret = store.load(name);
    if (secret?.rotation?.run?.token !== token) return;
    const { run: _run, ...rotation } = secret.rotation;
    if (testOnly) {
      const versions = moveStage(secret.versions, pending, undefined).filter(
        (one) => one.id !== token || hasValue(one),
      );
      await store.save({ ...secret, versions, rotation });
      return;
    }
    if (holderOf(secret, current)?.id !== token)
      throw new Error("its function ended without making the version current");
    const nowMs = context.now();
    const nextAtMs = rotation.enabled ? nowMs + intervalMs(rotation.rules) : undefined;
    await store.save({ ...secret, changedAtMs: nowMs, rotation: { ...rotation, lastAtMs: nowMs, nextAtMs } });
  };

  const fail = async (name: string, token: string): Promise<void> => {
    const secret = store.load(name);
    const run = secret?.rotation?.run;
    if (secret?.rotation === undefined || run?.token !== token) return;
    const { run: _run, ...rotation } = secret.rotation;
    const tried = run.tries + 1;
    // A test leaves nothing behind; a rotation is tried again, and then waits for the next time, or for somebody.
    if (run.testOnly) {
      const versions = moveStage(secret.versions, pending, undefined).filter(
        (one) => one.id !== token || hasValue(one),
      );
      await store.save({ ...secret, versions, rotation });
      return;
    }
    const nextAtMs = rotation.enabled ? context.now() + intervalMs(rotation.rules) : undefined;
    await store.save({
      ...secret,
      rotation:
        tried >= tries
          ? { ...rotation, nextAtMs }
          : { ...rotation, run: { ...run, tries: tried, retryAtMs: context.now() + firstPauseMs * 2 ** run.tries } },
    });
  };

  const rotate = (name: string): Promise<void> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const task = stepAll(name)
      .catch((error: unknown) => context.log(`The rotation of ${name} failed: ${String(error)}`))
      .finally(() => running.delete(name));
    running.set(name, task);
    return task;
  };

  // One look at a time: two would both begin what is due.
  let looking: Promise<void> = Promise.resolve();
  const rotateDue = async (): Promise<void> => {
    looking = looking.then(startDue, startDue);
    await looking;
    await Promise.all(running.values());
  };
  const startDue = async (): Promise<void> => {
    const nowMs = context.now();
    for (const secret of store.all()) {
      const { rotation } = secret;
      if (closed || rotation === undefined || secret.deletedAtMs !== undefined || running.has(secret.name)) continue;
      if (rotation.run !== undefined) {
        if (rotation.run.retryAtMs <= nowMs) void rotate(secret.name);
      } else if (rotation.enabled && rotation.nextAtMs !== undefined && rotation.nextAtMs <= nowMs) {
        // One that was given up before is gone on with: its version may have been made already.
        const left = holderOf(secret, pending);
        const token = left === undefined || left.stages.includes(current) ? crypto.randomUUID() : left.id;
        await begin(secret, token, false);
        void rotate(secret.name);
      }
    }
  };

  const timer = setInterval(() => void rotateDue().catch((error: unknown) => context.log(String(error))), 1_000);
  timer.unref();

  const tokenSchema = z
    .string()
    .min(32)
    .max(64)
    .optional()
    .transform((text) => text ?? crypto.randomUUID());
  const operations: Operations = {
    RotateSecret: operation(
      z.object({
        SecretId: z.string(),
        ClientRequestToken: tokenSchema,
        RotationLambdaARN: z.string().max(2048).optional(),
        RotationRules: rulesSchema.optional(),
        RotateImmediately: z.boolean().default(true),
      }),
      async (input, caller) => {
        const secret = store.alive(store.find(caller, "RotateSecret", input.SecretId));
        const { ClientRequestToken: token } = input;
        const lambdaArn = input.RotationLambdaARN ?? secret.rotation?.lambdaArn;
        const rules = input.RotationRules ?? secret.rotation?.rules;
        if (lambdaArn === undefined)
          throw new ServiceError(
            "InvalidRequestException",
            "No Lambda rotation function ARN is associated with this secret.",
          );
        caller.require("lambda:InvokeFunction", lambdaArn.split(":").at(-1) ?? lambdaArn);
        const answer = { ARN: store.arnOf(secret), Name: secret.name, VersionId: token };
        // The same call again, whose reply was lost.
        if (secret.rotation?.run?.token === token || holderOf(secret, current)?.id === token) return answer;
        const left = holderOf(secret, pending);
        if (left !== undefined && !left.stages.includes(current) && input.RotateImmediately) {
          if (secret.rotation !== undefined && secret.rotation.run === undefined) await begin(secret, left.id, false);
          void rotate(secret.name);
          throw new ServiceError(
            "InvalidRequestException",
            "A previous rotation isn't complete. That rotation will be reattempted.",
          );
        }
        const wanted = rules ?? {};
        const nextAtMs =
          rules === undefined ? undefined : (secret.rotation?.lastAtMs ?? context.now()) + intervalMs(rules);
        const enabled = rules !== undefined;
        const next: SecretRecord = {
          ...secret,
          rotation: {
            ...secret.rotation,
            enabled,
            lambdaArn,
            rules: wanted,
            nextAtMs: nextAtMs === undefined ? undefined : Math.max(nextAtMs, context.now()),
          },
        };
        await begin(next, token, !input.RotateImmediately);
        void rotate(secret.name);
        return answer;
      },
    ),
    CancelRotateSecret: operation(z.object({ SecretId: z.string() }), async (input, caller) => {
      const secret = store.alive(store.find(caller, "CancelRotateSecret", input.SecretId));
      if (secret.rotation === undefined || !secret.rotation.enabled)
        throw new ServiceError("InvalidRequestException", "The secret doesn't have rotation enabled.");
      const { run, nextAtMs: _next, ...rotation } = secret.rotation;
      // The pending version stays where it is: AWS leaves it to whoever cancels to take the label off.
      await store.save({ ...secret, rotation: { ...rotation, enabled: false } });
      return {
        ARN: store.arnOf(secret),
        Name: secret.name,
        ...(run === undefined ? {} : { VersionId: run.token }),
      };
    }),
    GetRandomPassword: operation(randomPasswordSchema, (input, caller) => {
      caller.require("secretsmanager:GetRandomPassword", "*");
      return { RandomPassword: randomPassword(input) };
    }),
  };

  return {
    operations,
    rotateDue,
    ensureRotation: async (name, { lambdaArn, days }) => {
      const secret = store.load(name);
      if (secret === undefined) return;
      const same = secret.rotation?.lambdaArn === lambdaArn && secret.rotation.rules.AutomaticallyAfterDays === days;
      if (same && secret.rotation?.enabled === true) return;
      const rules = { AutomaticallyAfterDays: days };
      await store.save({
        ...secret,
        rotation: { ...secret.rotation, enabled: true, lambdaArn, rules, nextAtMs: context.now() + intervalMs(rules) },
      });
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      await Promise.all(running.values());
    },
  };
}

/** What `DescribeSecret` and `ListSecrets` tell of it. */
export function describeRotation({ rotation }: SecretRecord) {
  if (rotation === undefined) return { RotationEnabled: false };
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  return {
    RotationEnabled: rotation.enabled,
    RotationLambdaARN: rotation.lambdaArn,
    RotationRules: rotation.rules,
    LastRotatedDate: seconds(rotation.lastAtMs),
    NextRotationDate: rotation.enabled ? seconds(rotation.nextAtMs) : undefined,
  };
}

const randomPasswordSchema = z.object({
  PasswordLength: z.int().min(1).max(4096).default(32),
  ExcludeCharacters: z.string().max(4096).default(""),
  ExcludeNumbers: z.boolean().default(false),
  ExcludePunctuation: z.boolean().default(false),
  ExcludeUppercase: z.boolean().default(false),
  ExcludeLowercase: z.boolean().default(false),
  IncludeSpace: z.boolean().default(false),
  RequireEachIncludedType: z.boolean().default(true),
});

function randomPassword(input: z.output<typeof randomPasswordSchema>): string {
  const sets = [
    ...(input.ExcludeLowercase ? [] : ["abcdefghijklmnopqrstuvwxyz"]),
    ...(input.ExcludeUppercase ? [] : ["ABCDEFGHIJKLMNOPQRSTUVWXYZ"]),
    ...(input.ExcludeNumbers ? [] : ["0123456789"]),
    ...(input.ExcludePunctuation ? [] : ["!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"]),
    ...(input.IncludeSpace ? [" "] : []),
  ].map((set) => set.split("").filter((one) => !input.ExcludeCharacters.includes(one)));
  const usable = sets.filter((set) => set.length > 0);
  const all = usable.flat();
  const required = input.RequireEachIncludedType ? usable : [];
  if (
    all.length === 0 ||
    required.length > input.PasswordLength ||
    (input.RequireEachIncludedType && usable.length < sets.length)
  )
    throw new ServiceError("InvalidRequestException", "No password can be made of these characters with this length.");
  const pick = (set: readonly string[]) => set[randomInt(set.length)] ?? "";
  const characters = [
    ...required.map(pick),
    ...Array.from({ length: input.PasswordLength - required.length }, () => pick(all)),
  ];
  for (let place = characters.length - 1; place > 0; place--) {
    const other = randomInt(place + 1);
    [characters[place], characters[other]] = [characters[other] ?? "", characters[place] ?? ""];
  }
  return characters.join("");
}
