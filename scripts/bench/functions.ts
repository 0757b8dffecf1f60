import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { entryUrl, type FunctionName, functionNames } from "@steward/functions/definitions";
import { bareClients } from "../build/bare-clients.ts";
import { type Bundled, bundle, writeFiles } from "../build/bundle.ts";
import { type Figure, percentile } from "./report.ts";

const rounds = 7;
const bar = { at: "most", value: 1.3 } as const;

/**
 * What a cold start has to load: each function's bundle, against one with nothing but the SDK clients and commands that
 * its rights ask for, built with the same options. Of ours, clients other than the table's are loaded at their first
 * call; of the bare one, all are made at once.
 */
export async function benchFunctions(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-functions-"));
  try {
    const compared: Compared[] = [];
    for (const name of functionNames) compared.push(await compare(name, folder));
    return [...compared.flatMap(figuresOf), ...figuresOf(together(compared))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measured {
  bytes: number;
  ms: number;
}

interface Compared {
  name: string;
  ours: Measured;
  bare: Measured;
  /** What there is to say beside the figures. */
  note: string;
}

async function compare(name: FunctionName, folder: string): Promise<Compared> {
  const { text, clients } = bareClients(name);
  const ours = await bundle({ file: fileURLToPath(entryUrl(name)) });
  const bare = await bundle({ text });
  const [ourEntry, bareEntry] = await Promise.all([
    write(ours, join(folder, name)),
    write(bare, join(folder, `bare-${name}`)),
  ]);
  const times: { ours: number; bare: number }[] = [];
  // Turn by turn, so that whatever else the machine does meets both.
  for (let round = 0; round < rounds; round++) {
    times.push({ ours: await importMs(ourEntry), bare: await importMs(bareEntry) });
  }
  const median = (list: number[]) => percentile(list, 0.5);
  return {
    name,
    ours: { bytes: ours.eagerBytes, ms: median(times.map((time) => time.ours)) },
    bare: { bytes: bare.eagerBytes, ms: median(times.map((time) => time.bare)) },
    note: clients.join(", "),
  };
}

function together(all: readonly Compared[]): Compared {
  const sum = (of: (one: Compared) => Measured): Measured =>
    all.map(of).reduce((total, { bytes, ms }) => ({ bytes: total.bytes + bytes, ms: total.ms + ms }));
  return {
    name: "all functions",
    ours: sum((one) => one.ours),
    bare: sum((one) => one.bare),
    note: `sums over ${all.length}; ours loads clients but the table's at their first call, the bare one all at its start`,
  };
}

function figuresOf({ name, ours, bare, note }: Compared): Figure[] {
  const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  return [
    {
      name: `${name}: bytes at start`,
      value: ours.bytes / bare.bytes,
      unit: "×",
      bar,
      how: `${kb(ours.bytes)} against ${kb(bare.bytes)}: ${note}`,
    },
    {
      name: `${name}: import time`,
      value: ours.ms / bare.ms,
      unit: "×",
      bar,
      how: `${ours.ms.toFixed(0)} ms against ${bare.ms.toFixed(0)} ms, medians of ${rounds} fresh processes each`,
    },
  ];
}

async function write({ files }: Bundled, directory: string): Promise<string> {
  await writeFiles(directory, files);
  return join(directory, "index.mjs");
}

const environment = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  STEWARD_STAGE: "bench",
  STEWARD_ACCOUNT: "111122223333",
  STEWARD_API_DOMAINS: "api.bench.test",
  STEWARD_NODES_DOMAINS: "nodes.bench.test",
  STEWARD_API_URL: "https://api.bench.test",
  STEWARD_NODES_URL: "https://nodes.bench.test",
};

/** In a process of its own, without the start of Node itself. */
async function importMs(entry: string): Promise<number> {
  const program = `const started = performance.now(); await import(${JSON.stringify(pathToFileURL(entry).href)}); process.stdout.write(String(performance.now() - started));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    env: environment,
  });
  return Number(stdout);
}
