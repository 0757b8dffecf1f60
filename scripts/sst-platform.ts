import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, run } from "./run.ts";

/** Where SST's components are unpacked, with what they need of npm. Git knows nothing of it. */
export const platformFolder = join(root, ".sst/platform");

/** What the first time may take on a busy machine, in milliseconds. */
export const unpackingTimeoutMs = 300_000;

/**
 * Makes SST's components and types be there, which `sst` does itself at a deploy: so `infra/` can be checked and run
 * against stand-ins. Needs npm's registry and no AWS; half a minute the first time, nothing after that.
 */
export async function ensurePlatform(): Promise<void> {
  const wanted = wantedVersion();
  if (unpackedVersion() === wanted) return;
  process.stderr.write(`SST ${wanted}: unpacking its components into .sst/ (once, about half a minute)\n`);
  const { code, output } = await run(["sst", "install"], {
    quiet: true,
    // Nothing is asked of a Pulumi or Bun of its own, nor of AWS. The stage only has to have a name.
    env: { SST_SKIP_DEPENDENCY_CHECK: "1", SST_NO_BUN: "1", SST_TELEMETRY_DISABLED: "1", SST_STAGE: "ci" },
  });
  if (code === 0 && unpackedVersion() === wanted) return;
  throw new Error(
    `\`sst install\` did not unpack SST ${wanted} into .sst/. It downloads from npm's registry; can that be reached?\n${output.trim()}`,
  );
}

function wantedVersion(): string {
  const file = join(root, "node_modules/sst/package.json");
  if (!existsSync(file)) throw new Error("sst is not installed. Next: npm install");
  const manifest: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return manifest.version;
}

/** Of what is there in whole: the types come last. */
function unpackedVersion(): string | undefined {
  const file = join(platformFolder, "version");
  const whole = existsSync(file) && existsSync(join(platformFolder, "config.d.ts")) && hasModules();
  return whole ? readFileSync(file, "utf8").trim() : undefined;
}

function hasModules(): boolean {
  return existsSync(join(platformFolder, "node_modules/@pulumi/aws/package.json"));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await ensurePlatform();
