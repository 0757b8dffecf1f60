import { fork } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashedFolder } from "@steward/dashboard/site";
import { functionNames } from "@steward/functions/definitions";
import { build } from "esbuild";
import { root } from "../../../scripts/run.ts";
import { ensurePlatform, platformFolder } from "../../../scripts/sst-platform.ts";

/** A resource as Pulumi's engine was asked to make it. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

export interface InfraOptions {
  stage: string;
  /** `diff` by default. */
  command?: string;
  /** As in `sst dev`. */
  live?: boolean;
  account?: string;
  /** What stands below `/steward/{stage}/`. */
  parameters?: Record<string, string>;
  /** Of the one who deploys. */
  environment?: Record<string, string>;
  zoneName?: string;
  /** Functions that `npm run build` did not make, or `dashboard`. */
  unbuilt?: readonly string[];
  /** Texts of files that differ from those of the repository and of a build of it, by path. */
  files?: Record<string, string>;
}

export interface InfraRun {
  registered: Registered[];
  outputs: Record<string, unknown>;
  /** What `app()` of sst.config.ts says. */
  app: Record<string, unknown>;
}
export type InfraMessage = InfraRun | { error: string };

/** Runs `sst.config.ts` for a stage and gives what it asked for. Throws with the program's error. */
export async function runInfra(options: InfraOptions): Promise<InfraRun> {
  bundled ??= bundle();
  const file = await bundled;
  const work = mkdtempSync(join(tmpdir(), "steward-infra-"));
  try {
    const message = await runProgram({ ...options, bundle: file, root: makeRoot(work, options), work });
    if ("error" in message) throw new Error(message.error);
    return message;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Removes what the runs of this file left. */
export async function forgetInfra(): Promise<void> {
  if (bundled !== undefined) rmSync(await bundled, { force: true });
}

let bundled: Promise<string> | undefined;

/** `sst.config.ts` with all that it imports, put together as SST does it: beside SST's own modules, which stay outside. */
async function bundle(): Promise<string> {
  await ensurePlatform();
  const outfile = join(platformFolder, `infra-under-test-${process.pid}.mjs`);
  await build({
    stdin: {
      contents: `
        import { run } from "./.sst/platform/src/auto/run.ts";
        import * as sst from "./.sst/platform/src/components/index.ts";
        import config from "./sst.config.ts";
        Object.assign(globalThis, { sst });
        export const app = (input) => config.app(input);
        export const deploy = () => run(config.run);
      `,
      resolveDir: root,
    },
    inject: [join(platformFolder, "src/shim/run.js")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    logLevel: "silent",
    external: ["@pulumi/*", "@pulumiverse/*", "@aws-sdk/*", "undici", "esbuild", "archiver", "glob", "typescript"],
  });
  return outfile;
}

/** A dashboard as far as a deploy looks at it. */
const siteArtifact = "dist/dashboard";
export const siteFiles = ["index.html", `${hashedFolder}/index-B3x1.js`, `${hashedFolder}/index-Qk2_.css`];

/** A repository as far as `infra/` looks at it: sources, history, releases, and artifacts with no code in them. */
function makeRoot(work: string, { unbuilt = [], files = {} }: InfraOptions): string {
  const folder = join(work, "repository");
  for (const name of functionNames.filter((one) => !unbuilt.includes(one))) {
    const artifact = join(folder, "dist/functions", name);
    mkdirSync(artifact, { recursive: true });
    writeFileSync(join(artifact, "index.mjs"), "");
  }
  mkdirSync(folder, { recursive: true });
  if (!unbuilt.includes("dashboard")) {
    mkdirSync(join(folder, siteArtifact, hashedFolder), { recursive: true });
    for (const path of siteFiles) writeFileSync(join(folder, siteArtifact, path), path);
  }
  for (const part of ["packages", ".git"]) symlinkSync(join(root, part), join(folder, part));
  for (const place of ["", "dist/functions/bootstrap"]) {
    cpSync(join(root, "releases"), join(folder, place, "releases"), { recursive: true });
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

function runProgram(options: InfraOptions & { bundle: string; root: string; work: string }): Promise<InfraMessage> {
  const program = fileURLToPath(new URL("mock-program.ts", import.meta.url));
  const { PATH, HOME } = process.env;
  // Nothing of this machine's AWS configuration, and none of its settings for stages.
  const noAws = {
    AWS_CONFIG_FILE: join(options.work, "none"),
    AWS_SHARED_CREDENTIALS_FILE: join(options.work, "none"),
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const child = fork(program, [JSON.stringify(options)], {
    env: {
      PATH,
      HOME,
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/infra-compile"),
      ...noAws,
      ...options.environment,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => printed.push(part));
  return new Promise((resolve, reject) => {
    child.once("message", (message: InfraMessage) => resolve(message));
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the program ended (${code}) without a result:\n${Buffer.concat(printed)}`)),
    );
  });
}
