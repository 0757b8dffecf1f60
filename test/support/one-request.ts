import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeProfiles } from "../../packages/local/src/cli-profiles.ts";
import type { Installation } from "./installation.ts";

const run = promisify(execFile);
const steward = new URL("../../packages/cli/bin/steward.js", import.meta.url).pathname;

/** The real command, signed in as the admin of a tenant: each answers what it prints, as JSON. */
export async function signedInCommand({ stack }: Installation, slug: string) {
  const folder = mkdtempSync(join(tmpdir(), "steward-request-"));
  await writeProfiles(join(folder, "profiles.json"), { [slug]: stack.profileOf(slug) });
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, STEWARD_CONFIG_DIR: folder };
  return {
    run: async <T>(...args: string[]): Promise<T> => {
      const { stdout } = await run(process.execPath, [steward, "--json", "--profile", slug, ...args], { env });
      return JSON.parse(stdout) as T;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Which events of one request the installation's processes have logged so far: `worker job.ended`, `acme-berlin-01 run.started`. */
export function eventsOfRequest({ stack }: Installation, requestId: string): string[] {
  const folder = join(stack.stateDir, "logs");
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{") && line.includes(requestId))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line["requestId"] === requestId)
      .map(({ appliance, event }) => [appliance ?? file.replace(".log", ""), event].join(" ")),
  );
}
