import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { factsSchema } from "@steward/contracts/facts";
import { z } from "zod";

/**
 * The Debian root that all sandboxes of a machine are built on. `scripts/sandbox.ts` makes it once; the agent only
 * reads it. Files in it belong to ids from `idBase` on: a sandbox maps its own 0…65535 there, so nothing that runs in
 * one is any user of the machine, root least of all.
 */
export const sandboxRecipe = {
  /** Raise this when a root that was built before is not good enough any more. */
  version: 3,
  /** First of 65536 ids. High, so that neither people nor subordinate id ranges are there. */
  idBase: 791_740_416,
  idCount: 65_536,
  packages: [
    "ansible-core python3 python3-apt sudo iproute2 nftables procps openssh-client",
    "dnsmasq samba samba-common-bin openssl ca-certificates postfix dovecot-imapd dovecot-lmtpd",
    // For the tests alone: what a shared folder is used with.
    "smbclient",
  ].flatMap((line) => line.split(" ")),
  /** Installed, but not set up yet: they start when a plan says so. */
  services: "dnsmasq smbd nmbd samba-ad-dc sudo procps nftables postfix dovecot".split(" "),
};

const manifestSchema = z.object({
  recipe: z.number().int(),
  idBase: z.number().int(),
  release: z.string(),
  ansible: z.string(),
  builtAt: z.string(),
  /** What a fresh appliance says of itself, so that nothing needs to be started to know it. */
  facts: factsSchema,
});
export type SandboxManifest = z.infer<typeof manifestSchema>;

export interface SandboxRoot extends SandboxManifest {
  /** The root file system. Never written to again: appliances have overlays on it. */
  fileSystem: string;
}

/** Where `scripts/sandbox.ts` puts things below `directory` (`.sandbox`). */
export function sandboxPaths(directory: string) {
  const root = join(directory, "root");
  return { root, fileSystem: join(root, "fs"), manifest: join(root, "sandbox.json") };
}

export type SandboxUsability = { usable: true; root: SandboxRoot } | { usable: false; reason: string; next: string };

/**
 * Says whether appliances can be run on the root in `directory`. Looks only, starts nothing: it is asked at every
 * `npm start`. `probeSandbox` (sandbox.ts) tries for real.
 */
export async function findSandboxRoot(directory: string): Promise<SandboxUsability> {
  if (process.platform !== "linux") {
    return { usable: false, reason: "sandboxes need Linux", next: "Run Steward on Debian or Ubuntu for real runs." };
  }
  const paths = sandboxPaths(directory);
  let text: string;
  try {
    text = await readFile(paths.manifest, "utf8");
  } catch {
    return { usable: false, reason: "the sandbox is not built", next: "Build it once as root: npm run sandbox" };
  }
  const manifest = parseManifest(text);
  if (manifest === undefined || manifest.recipe !== sandboxRecipe.version) {
    return { usable: false, reason: "the sandbox is from another version", next: "Build it again: npm run sandbox" };
  }
  if (process.getuid?.() !== 0) {
    return { usable: false, reason: "sandboxes need root", next: "Start as root (sudo npm start) for real runs." };
  }
  return { usable: true, root: { ...manifest, fileSystem: paths.fileSystem } };
}

function parseManifest(text: string): SandboxManifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
