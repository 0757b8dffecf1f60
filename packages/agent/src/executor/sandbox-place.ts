import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Facts } from "@steward/contracts/actions";
import { factsSchema } from "@steward/contracts/facts";
import type { Place } from "./ansible-executor.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import type { SandboxRoot } from "./sandbox-root.ts";

export interface SandboxPlaceOptions {
  root: SandboxRoot;
  /** Holds the appliance's changes, and survives the agent. */
  directory: string;
  hostname: string;
}

export interface SandboxPlace extends Place {
  /** The running sandbox; starts it if needed. */
  sandbox(): Promise<Sandbox>;
}

/**
 * An appliance in a sandbox, which starts with the first thing that is run in it and again if it should have ended.
 * Until then its facts are those of its last run, or of the fresh root: a fleet of 25 costs nothing until it is used.
 */
export function sandboxPlace(options: SandboxPlaceOptions): SandboxPlace {
  const factsFile = join(options.directory, "facts.json");
  let current: Promise<Sandbox> | undefined;

  function sandbox(): Promise<Sandbox> {
    if (current !== undefined) return current;
    const starting = startSandbox(options);
    current = starting;
    const forget = () => {
      if (current === starting) current = undefined;
    };
    starting.then((started) => started.ended.then(forget), forget);
    return starting;
  }

  return {
    workDirectory: "/run/steward",
    sandbox,
    async command(argv) {
      return (await sandbox()).command(argv);
    },
    async knownFacts() {
      const kept = await readFile(factsFile, "utf8").catch(() => undefined);
      if (kept === undefined) return { ...options.root.facts, hostname: options.hostname };
      return parseFactsFile(kept);
    },
    async keepFacts(facts: Facts) {
      await mkdir(options.directory, { recursive: true, mode: 0o700 });
      await writeFile(`${factsFile}.new`, JSON.stringify(facts), { mode: 0o600 });
      await rename(`${factsFile}.new`, factsFile);
    },
    boot: {
      id: async () => (await sandbox()).bootId,
      // What an appliance keeps is in its directory; all that runs is gone, and the next command starts it anew.
      restart: async () => (await sandbox()).stop(),
    },
    async close() {
      const ending = current;
      if (ending === undefined) return;
      const started = await ending.catch(() => undefined);
      await started?.stop();
    },
  };
}

/** Undefined for what a power cut has damaged: the sandbox itself is asked then. */
function parseFactsFile(text: string): Facts | undefined {
  try {
    return factsSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
