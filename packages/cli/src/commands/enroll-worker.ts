import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { NodeView } from "@steward/contracts/node";
import { CliError, type ExitCode, exitCodes } from "../exit-codes.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { confirmByEye } from "./confirm-node.ts";

const lookEveryMs = 2_000;
/** How long nobody has to answer until that is an error. */
const patienceMs = 60_000;
/** The service starts with the installer's last step, and beats at once. */
const firstBeatMs = 10 * 60_000;

export interface FollowOptions {
  nodeId: string;
  name: string;
  expiresAt: string;
  ui: Ui;
  sleep?: (ms: number) => Promise<unknown>;
  nowMs?: () => number;
}

/** What is to be run on the host. The token is asked for there: an argument would be seen by every program of the host. */
export function hostCommand(apiUrl: string): string {
  return `sudo ./install.sh --url ${apiUrl} --token -`;
}

/**
 * Waits until the host has enrolled, has the key on its screen compared, confirms it, and waits for its first heartbeat.
 * Stopping is harmless: the token stays good, and `steward workers confirm` does the rest.
 */
export async function followEnrolment(call: Client, options: FollowOptions): Promise<ExitCode> {
  const { nodeId, name, expiresAt, ui, sleep = (ms: number) => delay(ms), nowMs = Date.now } = options;
  let troubleSinceMs: number | undefined;

  /** Undefined: it has not enrolled, or nobody answers now. A day is long: connections break on the way. */
  async function look(): Promise<NodeView | undefined> {
    try {
      const node = await call("getNode", { params: { nodeId } });
      troubleSinceMs = undefined;
      return node;
    } catch (error) {
      if (hasCode(error, "not_found")) return undefined;
      if (!(error instanceof AppError) || !error.retryable) throw error;
      troubleSinceMs ??= nowMs();
      if (nowMs() - troubleSinceMs > patienceMs) throw error;
      return undefined;
    }
  }

  async function until(what: string, wait: { endsAtMs: number; late: CliError; is: (node: NodeView) => boolean }) {
    const done = ui.progress(what);
    try {
      for (;;) {
        const node = await look();
        if (node?.quarantinedAt !== undefined || node?.revokedAt !== undefined) throw shutOut(name);
        if (node !== undefined && wait.is(node)) return node;
        if (nowMs() > wait.endsAtMs) throw wait.late;
        await sleep(lookEveryMs);
      }
    } finally {
      done();
    }
  }

  const { id, confirmed, keyFingerprint } = await until(`waiting for ${visible(name)} to enrol`, {
    endsAtMs: Date.parse(expiresAt),
    late: new CliError(exitCodes.failed, `${name} has not come in time, and its token has ended`, {
      next: `Get a new one: steward workers enroll ${name}`,
    }),
    is: () => true,
  });
  if (keyFingerprint === undefined) throw new CliError(exitCodes.failed, `${name} shows no key`);
  if (!confirmed) {
    if ((await confirmByEye(call, { id, name, keyFingerprint }, ui)) === undefined) {
      ui.say(`Not confirmed: it gets no work. If another machine may have the token: steward workers remove ${name}`);
      return exitCodes.failed;
    }
    ui.say(`${ui.paint.green("✔")} confirmed`);
  }
  const beating = await until(`waiting for the first heartbeat of ${visible(name)}`, {
    endsAtMs: nowMs() + firstBeatMs,
    late: new CliError(exitCodes.failed, `${name} is confirmed, and has not been heard of yet`, {
      next: "Look on the host: sudo steward-worker doctor",
    }),
    is: ({ health }) => health !== "offline",
  });
  ui.say(`${ui.paint.green("✔")} ${visible(name)} is up: ${upText(beating)}`);
  return exitCodes.ok;
}

function shutOut(name: string): CliError {
  return new CliError(exitCodes.failed, `${name} is shut out: it was revoked, or its token was used with another key`, {
    next: `Look at the machine, then: steward workers remove ${name}, and enrol it again`,
  });
}

function upText({ capacity, models = [], health }: NodeView): string {
  const slots = capacity === undefined ? health : `${capacity.slots} ${capacity.slots === 1 ? "slot" : "slots"}`;
  return models.length === 0 ? `${slots}, no model yet` : `${slots}, ${models.map(visible).join(", ")}`;
}
