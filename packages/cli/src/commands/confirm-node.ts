import type { Client } from "@steward/contracts/client";
import type { NodeView } from "@steward/contracts/node";
import { usageError } from "../exit-codes.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";

/**
 * Shows the key that a node has enrolled with, asks whether its screen shows the same, and confirms it. Undefined where
 * the answer is no. Throws where nobody can answer.
 */
export async function confirmByEye(
  call: Client,
  node: { id: string; name: string; keyFingerprint: string },
  ui: Ui,
): Promise<NodeView | undefined> {
  const { keyFingerprint } = node;
  ui.say(`${visible(node.name)} enrolled with this key:\n\n  ${ui.paint.bold(inGroups(keyFingerprint))}\n`);
  if (!ui.canAsk) {
    throw usageError("Nobody is there to compare it", "Give what its screen shows: --fingerprint <sha256>");
  }
  if ((await ui.confirm("Does its screen show the same?")) !== true) return undefined;
  return call("confirmNode", { params: { nodeId: node.id }, body: { keyFingerprint } });
}

/** `0a1b 2c3d …`: what somebody can compare with a screen. */
export function inGroups(fingerprint: string): string {
  return (fingerprint.match(/.{1,4}/g) ?? []).join(" ");
}
