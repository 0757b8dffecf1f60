import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { commandOf, placesOf, type Service } from "@steward/node-client/install";
import { type UpgradeOutcome, upgradeEndFile } from "@steward/node-client/service-commands";
import { readIfThere } from "@steward/node-client/state-files";
import type { Upgrader } from "./wait-for-upgrade.ts";

/**
 * By a unit of its own beside the agent's: what restarts the agent must not end with it. Its name keeps a second one from
 * being begun, and the lock of the installation keeps off a person's.
 */
export function createServiceUpgrader({ service, stateDir }: { service: Service; stateDir: string }): Upgrader {
  const unit = `${commandOf(service)}-upgrade.service`;
  const run = (file: string, args: string[]) => promisify(execFile)(file, args, { timeout: 30_000 });
  return {
    async begin({ id, version, serverTimeMs }) {
      const named = version === undefined ? [] : ["--version", version];
      const asked = ["upgrade", "--id", id, "--server-time", String(Math.round(serverTimeMs)), ...named];
      const quietly = ["--quiet", "--collect", "--no-ask-password", `--unit=${unit}`];
      // Killed, it goes on by itself: the build on trial may be one that could not ask for it.
      const again = ["--property=Restart=on-abnormal", "--property=RestartSec=2"];
      await run("systemd-run", [
        ...quietly,
        ...again,
        "--",
        "/usr/bin/env",
        "node",
        placesOf(service).program,
        ...asked,
      ]);
    },
    async unitState() {
      const { stdout } = await run("systemctl", ["show", "--property=ActiveState", "--value", unit]);
      return stdout.trim();
    },
    async endOf(id) {
      const text = await readIfThere(join(stateDir, upgradeEndFile));
      if (text === undefined) return undefined;
      const end = JSON.parse(text) as UpgradeOutcome & { id: string };
      return end.id === id ? end : undefined;
    },
  };
}
