import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { hasCode } from "@steward/contracts/errors";
import type { NodeView } from "@steward/contracts/node";
import { CliError, type ExitCode, exitCodes } from "../exit-codes.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";

const lookEveryMs = 2_000;

/** What is to be run on the host. The token is asked for there: an argument would be seen by every program of the host. */
export function hostCommand(apiUrl: string): string {
  return `sudo ./install.sh --url ${apiUrl} --token -`;
}

/**
 * Waits until the host has enrolled, has the key on its screen compared, confirms it, and waits for its first heartbeat.
 * Stopping is harmless: the token stays good, and `steward workers confirm` does the rest.
 */
export async function followEnrolment(
  call: Client,
  { nodeId, name, expiresAt, ui }: { nodeId: string; name: string; expiresAt: string; ui: Ui },
): Promise<ExitCode> {
  const look = () =>
    call("getNode", { params: { nodeId } }).catch((error: unknown) => {
      if (hasCode(error, "not_found")) return undefined;
      throw error;
    });
  const until = async (what: string, is: (node: NodeView) => boolean): Promise<NodeView> => {
    const done = ui.progress(what);
    try {
      for (;;) {
        const node = await look();
        if (node !== undefined && is(node)) return node;
        if (Date.now() > Date.parse(expiresAt)) {
          throw new CliError(exitCodes.failed, `${name} has not come in time, and its token has ended`, {
            next: `Get a new one: steward workers enroll ${name}`,
          });
        }
        await delay(lookEveryMs);
      }
    } finally {
      done();
    }
  };

  const enrolled = await until(`waiting for ${visible(name)} to enrol`, () => true);
  const { keyFingerprint } = enrolled;
  if (keyFingerprint === undefined) throw new CliError(exitCodes.failed, `${name} shows no key`);
  if (!enrolled.confirmed) {
    ui.say(`${visible(name)} enrolled with this key:\n\n  ${ui.paint.bold(inGroups(keyFingerprint))}\n`);
    if ((await ui.confirm("Does its screen show the same?")) !== true) {
      ui.say(`Not confirmed: it gets no work. If another machine may have the token: steward workers remove ${name}`);
      return exitCodes.failed;
    }
    await call("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
    ui.say(`${ui.paint.green("✔")} confirmed`);
  }
  const beating = await until(
    `waiting for the first heartbeat of ${visible(name)}`,
    ({ health }) => health !== "offline",
  );
  ui.say(`${ui.paint.green("✔")} ${visible(name)} is up: ${upText(beating)}`);
  return exitCodes.ok;
}

function upText({ capacity, models = [], health }: NodeView): string {
  const slots = capacity === undefined ? health : `${capacity.slots} ${capacity.slots === 1 ? "slot" : "slots"}`;
  return models.length === 0 ? `${slots}, no model yet` : `${slots}, ${models.map(visible).join(", ")}`;
}

function inGroups(fingerprint: string): string {
  return (fingerprint.match(/.{1,4}/g) ?? []).join(" ");
}
