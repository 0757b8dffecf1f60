import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { z } from "zod";
import type { StageChannel } from "./stage-setup.ts";

const doorSchema = z.object({ url: z.url(), secret: z.string(), stage: z.string(), cloudUrl: z.url() });
export type InvokeDoor = z.infer<typeof doorSchema>;

const outcomeSchema = z.union([
  z.object({ kind: z.literal("result"), result: z.unknown() }),
  z.object({ kind: z.literal("failed"), error: z.string() }),
  z.object({ kind: z.enum(["timed_out", "throttled"]) }),
]);

export function invokeDoorFile(stateDir: string): string {
  return join(stateDir, "invoke.json");
}

/** The running installation of a state folder. Throws `unavailable` where there is none. */
export function findInstallation(stateDir: string): InvokeDoor {
  try {
    return doorSchema.parse(JSON.parse(readFileSync(invokeDoorFile(stateDir), "utf8")));
  } catch (cause) {
    throw notRunning(cause);
  }
}

/** Invokes functions of an installation that another process has started. */
export function createInvokeChannel(stateDir: string): StageChannel {
  return {
    invoke: async (name, event, answer) => {
      // Looked up anew: a host that was started again is somewhere else.
      const { url, secret } = findInstallation(stateDir);
      const response = await fetch(`${url}/${name}`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify(event),
      }).catch((cause: unknown) => {
        throw notRunning(cause);
      });
      const outcome = outcomeSchema.parse(await response.json());
      if (outcome.kind === "result") return answer.parse(outcome.result);
      throw new AppError(
        "internal",
        `${name} ${outcome.kind === "failed" ? `failed: ${outcome.error}` : outcome.kind}`,
        {
          next: "Run this again: what was done is found done. Its log is logs/host.log of the state folder.",
        },
      );
    },
  };
}

/** Which version of the truststore the installation's nodes door has loaded. */
export async function doorTruststoreOf(stateDir: string): Promise<string | undefined> {
  const { url, secret } = findInstallation(stateDir);
  const response = await fetch(`${url}/door-truststore`, { headers: { authorization: `Bearer ${secret}` } }).catch(
    (cause: unknown) => {
      throw notRunning(cause);
    },
  );
  return z.object({ version: z.string().optional() }).parse(await response.json()).version;
}

function notRunning(cause: unknown): AppError {
  return new AppError("unavailable", "there is no local installation here", {
    next: "Start it first: npm start. For a stage on AWS say --stage.",
    cause,
  });
}
