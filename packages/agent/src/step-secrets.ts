import { randomInt } from "node:crypto";
import type { Client } from "@steward/contracts/client";
import type { ReleaseAction } from "@steward/contracts/release";
import { parseSecretReference, takesReference } from "@steward/contracts/secret-reference";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { isFinal } from "@steward/node-client/is-final";
import { describeError, type Log } from "@steward/node-client/log";
import type { StepRequest } from "./executor/executor.ts";
import type { KnownSecrets } from "./known-secrets.ts";

/** What a step is given beside its values. */
export interface StepSecrets {
  /** Resolves once what was made is stored: only then may the step use it. Throws where it cannot be. */
  of(
    step: { index: number; action: ReleaseAction } & Pick<StepRequest, "variables" | "mode">,
    signal: AbortSignal,
  ): Promise<StepRequest["secrets"]>;
}

export interface StepSecretsOptions {
  call: Client;
  run: { runId: string; attempt: number; ledgerId: string };
  /** Told of every value before anybody else is. */
  known: KnownSecrets;
  clock: Clock;
  random: () => number;
  log: Log;
}

/**
 * Makes and fetches the secrets of a run's steps. They are in this process and in the step's own files for as long as the
 * step runs; nothing of them goes into the ledger: an attempt that was killed is never gone on with, so nobody needs them.
 */
export function createStepSecrets(options: StepSecretsOptions): StepSecrets {
  const { call, run, known } = options;
  const { runId, attempt, ledgerId } = run;
  const learn = (value: string) => {
    known.add(value);
    return value;
  };
  return {
    async of({ index, action, variables, mode }, signal) {
      // An undo restores what was there before; it knows no secrets.
      if (mode === "undo") return undefined;
      const secrets: Record<string, string> = {};
      for (const name of action.generates ?? []) {
        const value = learn(makeSecret());
        if (mode === "apply") {
          const body = { attempt, ledgerId, step: index, value };
          await persistently(options, signal, `store ${name}`, () =>
            call("storeRunSecret", { params: { runId, secretName: name }, body, signal }),
          );
        }
        secrets[name] = value;
      }
      for (const [name, value] of Object.entries(variables)) {
        const reference = takesReference(action, name) ? parseSecretReference(value) : undefined;
        if (reference === undefined) continue;
        if (mode === "check") {
          secrets[name] = learn(makeSecret());
          continue;
        }
        const query = { attempt, ledgerId, ...(reference.version === undefined ? {} : { version: reference.version }) };
        const fetched = await persistently(options, signal, `fetch ${name}`, () =>
          call("fetchRunSecret", { params: { runId, secretName: reference.name }, query, signal }),
        );
        secrets[name] = learn(fetched.value);
      }
      return Object.keys(secrets).length === 0 ? undefined : secrets;
    },
  };
}

/** Without what is read or dictated wrong: i, l, o, 0, 1. */
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

/** `k7dmfq-3hxw9a-…`: 24 characters of 31, 118 bits; in groups, as somebody will have to type it. */
export function makeSecret(): string {
  const group = () => Array.from({ length: 6 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return Array.from({ length: 4 }, group).join("-");
}

/** As often as it takes; a lost reply is answered by the same again. Until the run has to end, or a refusal for good. */
async function persistently<T>(
  { clock, random, log, run }: StepSecretsOptions,
  signal: AbortSignal,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (isFinal(error) || signal.aborted) throw error;
      if (failures === 1) log("run.secret_waits", { runId: run.runId, what, error: describeError(error) });
      await clock.sleep(fullJitterMs({ failures, baseMs: 250, capMs: 10_000, random }), signal);
    }
  }
}
