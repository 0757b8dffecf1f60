import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RotateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { createSecrets } from "@steward/aws/clients/secrets";
import { createSecretVersions, type SecretVersions } from "@steward/aws/secret-versions";
import { getSecret, putSecret } from "@steward/aws/secrets";
import { permissions, type PrincipalName } from "@steward/contracts/permissions";
import { resourceNames } from "@steward/contracts/names";
import { rotateSecret, type RotationEvent } from "@steward/control/rotate-secret";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

/** The real steps against the local Secrets Manager, with the rights of the function that makes them and no others. */
const stage = "rotating";
const names = resourceNames(stage);
const stateDir = mkdtempSync(join(tmpdir(), "steward-rotating-"));
const keysOf = (principal: string) => ({
  accessKeyId: `LOCAL${principal.toUpperCase()}`,
  secretAccessKey: "x".repeat(40),
});
const parts: PrincipalName[] = ["rotate", "api", "bootstrap", "secrets", "measure"];
let cloud: Cloud;
let aheadMs = 0;
/** How a step is made: a test puts a fault in here. */
let step: (event: RotationEvent) => Promise<void>;
let made = 0;
let logged: string[] = [];

const client = (principal: string) => {
  const secrets = createSecrets({
    endpointUrl: cloud.endpoint,
    region: "us-east-1",
    credentials: keysOf(principal),
    maxAttempts: 1,
  });
  secrets.config.systemClockOffset = aheadMs;
  return secrets;
};
/** Each call with a client of its own, whose clock goes with the cloud's. */
const versions = (principal: string): SecretVersions => ({
  list: (...call) => createSecretVersions(client(principal)).list(...call),
  rotation: (...call) => createSecretVersions(client(principal)).rotation(...call),
  read: (...call) => createSecretVersions(client(principal)).read(...call),
  write: (...call) => createSecretVersions(client(principal)).write(...call),
  makeCurrent: (...call) => createSecretVersions(client(principal)).makeCurrent(...call),
  rotate: (...call) => createSecretVersions(client(principal)).rotate(...call),
});
const deps = (over: Partial<SecretVersions> = {}) => ({
  stage,
  secret: () => `${(made += 1)}`.padStart(43, "k"),
  log: () => undefined,
  versions: { ...versions("rotate"), ...over },
});
const current = () => getSecret(client("api"), names.tokenSecret);
const previous = () => getSecret(client("api"), names.tokenSecret, { previous: true });
const statesNow = async () => (await versions("secrets").list(names.tokenSecret)) ?? [];

beforeAll(async () => {
  const granted = permissions(stage, localAccount);
  cloud = await startCloud({
    stateDir,
    stage,
    credentials: parts.map((principal) => ({ ...keysOf(principal), principal, grants: granted[principal] })),
    now: () => Date.now() + aheadMs,
    log: (message) => logged.push(message),
    invokeRotation: (_arn, event) => step(event),
  });
  await putSecret(client("bootstrap"), names.tokenSecret, "made by bootstrap".padEnd(43, "b"));
});
afterAll(async () => {
  await cloud.close();
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(() => {
  logged = [];
  step = (event) => rotateSecret(deps(), event);
});

/** Turns the clock past the next rotation, and past whatever is tried again. */
async function nextTurn(): Promise<void> {
  aheadMs += 31 * 86_400_000;
  for (let turn = 0; turn < 6; turn++) {
    await cloud.rotateDue();
    aheadMs += 60_000;
  }
}

test("the cursor key is made anew every 30 days, and the one before stays for one turn", async () => {
  const first = await current();
  await nextTurn();
  const second = await current();
  expect(second).not.toBe(first);
  expect(await previous()).toBe(first);
  await nextTurn();
  expect(await previous()).toBe(second);
  expect(logged).toEqual([]);
});

test("by hand at once, with the rights of the function that may neither read nor write it", async () => {
  const before = await current();
  expect(await versions("secrets").rotate(names.tokenSecret, crypto.randomUUID())).toBe(true);
  await cloud.rotateDue();
  expect(await current()).not.toBe(before);
  await expect(getSecret(client("secrets"), names.tokenSecret)).rejects.toMatchObject({ code: "internal" });
  await expect(putSecret(client("secrets"), names.tokenSecret, "x")).rejects.toMatchObject({ code: "internal" });
  await expect(getSecret(client("secrets"), names.anthropicSecret)).rejects.toMatchObject({ code: "internal" });
});

const calls = ["rotation", "read", "write", "makeCurrent"] as const;
test.each(
  calls.flatMap((call) =>
    [1, 2, 3, 4, 5].flatMap(
      (nth) =>
        [
          [call, nth, "before"],
          [call, nth, "after"],
        ] as const,
    ),
  ),
)("killed at %s number %i, %s the call: the next try ends it, with one new value", async (call, nth, when) => {
  const before = await current();
  const versionsBefore = made;
  let seen = 0;
  step = async (event) => {
    const real = versions("rotate");
    const dying = async (...args: unknown[]) => {
      seen += 1;
      const dies = seen === nth;
      if (dies && when === "before") throw new Error("killed");
      const answer = await (real[call] as (...given: unknown[]) => Promise<unknown>)(...args);
      if (dies) throw new Error("killed");
      return answer;
    };
    await rotateSecret(deps({ [call]: dying }), event);
  };
  await nextTurn();
  expect(await current()).not.toBe(before);
  expect(await previous()).toBe(before);
  // Made at most once more, where it was killed between making and telling.
  expect(made - versionsBefore).toBeLessThanOrEqual(2);
  const states = await statesNow();
  expect(states.filter(({ stages }) => stages.includes("AWSCURRENT"))).toHaveLength(1);
  expect(states.filter(({ stages }) => stages.includes("AWSPENDING") && !stages.includes("AWSCURRENT"))).toEqual([]);
});

test("every step made three times at once: one value, and no step fails", async () => {
  const before = await current();
  const failures: unknown[] = [];
  step = async (event) => {
    const results = await Promise.allSettled([1, 2, 3].map(() => rotateSecret(deps(), event)));
    failures.push(...results.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])));
  };
  await nextTurn();
  // Two that move the same stage at once: the one that comes second finds it moved.
  expect(failures.filter((error) => !String(error).includes("in force"))).toEqual([]);
  expect(await current()).not.toBe(before);
  expect(await previous()).toBe(before);
});

test("trying a schedule makes the test step alone, which has no value to look at, and changes nothing", async () => {
  // A rotation that was killed behind its last step leaves its mark on the version that became the current one.
  const inUse = async () =>
    (await statesNow()).map(({ stages, ...rest }) => ({
      ...rest,
      stages: stages.filter((one) => one !== "AWSPENDING"),
    }));
  const before = await inUse();
  step = async (event) => {
    expect(event.Step).toBe("testSecret");
    await rotateSecret(deps(), event);
  };
  const send = client("secrets");
  await send.send(new RotateSecretCommand({ SecretId: names.tokenSecret, RotateImmediately: false }));
  await cloud.rotateDue();
  expect(logged).toEqual([]);
  expect(await inUse()).toEqual(before);
});

test("what is not exactly set up is refused before anything is read: another secret, no rotation, no such version, wrong stage", async () => {
  const [now] = (await statesNow()).filter(({ stages }) => stages.includes("AWSCURRENT"));
  const [old] = (await statesNow()).filter(({ stages }) => stages.includes("AWSPREVIOUS"));
  const arn = (name: string) => `arn:aws:secretsmanager:us-east-1:${localAccount}:secret:${name}-AbCdEf`;
  const event = (over: Partial<RotationEvent>): RotationEvent => ({
    Step: "createSecret",
    SecretId: arn(names.tokenSecret),
    ClientRequestToken: crypto.randomUUID(),
    ...over,
  });
  const reads: string[] = [];
  const watched = deps({
    read: async (name) => {
      reads.push(name);
      return undefined;
    },
    write: async (name) => {
      reads.push(name);
      return true;
    },
  });
  const refused = (over: Partial<RotationEvent>) =>
    expect(rotateSecret(watched, event(over))).rejects.toMatchObject({ code: "forbidden" });
  await refused({});
  await refused({ ClientRequestToken: old?.id ?? "" });
  await refused({ SecretId: arn(names.anthropicSecret) });
  await refused({ SecretId: arn("steward-other/cursor-key") });
  await refused({ SecretId: arn(`${names.tokenSecret}-more`) });
  await expect(
    rotateSecret(
      { ...watched, versions: { ...watched.versions, rotation: async () => ({ enabled: false, stages: {} }) } },
      event({}),
    ),
  ).rejects.toMatchObject({ code: "forbidden" });
  // The version in force already: nothing is left to do.
  await rotateSecret(watched, event({ ClientRequestToken: now?.id ?? "", Step: "finishSecret" }));
  expect(reads).toEqual([]);
});
