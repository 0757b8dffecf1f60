import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { keyFamilies } from "@steward/aws/key-families";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/run.ts";

/*
 * There is one way to the table: use case → record → table.ts → fenced client. What the fence cannot see, because it goes
 * around it, is seen here. CONTRIBUTING.md tells how a record is added.
 */

/** Who acts for the system, beyond any one tenant, and why. A new line here is a thing to think about in a review. */
const actsForSystem: Readonly<Record<string, string>> = {
  "packages/api/src/app.ts": "who calls is looked up before the tenant is known; routes about no one tenant",
  "packages/control/src/hand-over.ts": "what the provider's staff is asked, by all tenants",
  "packages/control/src/deliver-notice.ts": "a tenant asks its provider, who is told",
  "packages/functions/src/bootstrap.ts": "tenants are made",
  "packages/functions/src/measure.ts": "lanes and workers serve all tenants",
  "packages/functions/src/purge.ts": "all that is left of a tenant that was deleted, wherever it is",
  "packages/functions/src/reconcile.ts": "finds what is due; acts on it for its tenant",
  "packages/functions/src/schedule.ts":
    "which schedules are due, whoever's they are; what each asks for is done for its tenant",
  "packages/functions/src/seal.ts": "a seal holds every tenant's entries",
  "packages/functions/src/sweep.ts": "finds who is silent",
  "packages/control/src/cut-off-node.ts": "a worker that was shut out holds jobs of any tenant",
  "packages/control/src/principals.ts":
    "whether a tenant is there that the provider's staff give a role in, and that tenant's trail",
  "packages/control/src/tokens.ts": "a token of the provider's that is revoked may have asked in any tenant",
  "packages/control/src/user-certificates.ts": "how the caller signed in, which is no tenant's",
  "packages/control/src/freeze.ts": "a freeze of everything, by the provider's admins",
  "packages/control/src/queue-status.ts": "how much waits in each lane, of all tenants, and how much came and went",
  "packages/control/src/lane-history.ts": "how much came into each lane and went, of all tenants",
  "packages/control/src/export-metrics.ts":
    "lanes and workers serve all tenants; and for the provider's staff how many nodes all have, by health",
  "packages/control/src/work-distribution.ts": "where all tenants' work ran, for the provider's staff",
  "packages/control/src/live-workers.ts": "workers serve all tenants",
  "packages/control/src/read-pace.ts": "how long jobs of all tenants took lately, without whose they were",
  "packages/control/src/lend-queues.ts": "how often a worker asks for keys, in a bucket that is no tenant's",
};

/** Files of packages that hold a DynamoDB command or client, outside of aws/src/records. */
const holdsCommands: Readonly<Record<string, string>> = {
  "packages/aws/src/table.ts": "the commands of every record",
  "packages/aws/src/wire-item.ts": "a type",
  "packages/aws/src/tenant-fence.ts": "the fence itself",
  "packages/aws/src/clients/dynamo.ts": "the client, with the fence in it",
  "packages/aws/src/clients.ts": "all clients, for tools and tests outside of the functions",
  "packages/aws/src/clients/options.ts": "a type",
};

interface Source {
  name: string;
  text: string;
}
const sources: Source[] = readdirSync(join(root, "packages")).flatMap((part) =>
  sourcesBelow(join(root, "packages", part, "src")),
);

function sourcesBelow(directory: string): Source[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sourcesBelow(path);
    if (!/\.(?:ts|js)$/.test(entry.name) || entry.name.endsWith(".test.ts")) return [];
    return [{ name: relative(root, path), text: withoutComments(readFileSync(path, "utf8")) }];
  });
}
function list(directory: string) {
  return readdirSync(directory, { withFileTypes: true });
}
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
const naming = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
const isRecord = (name: string) => name.startsWith("packages/aws/src/records/");

describe("the table is reached through its records only", () => {
  it("DynamoDB's commands are in table.ts and the records", () => {
    const found = naming(/["']@aws-sdk\/(?:client-dynamodb|lib-dynamodb|client-dynamodb-streams)(?:\/|["'])/);
    expect(found.filter((name) => !isRecord(name) && !(name in holdsCommands))).toEqual([]);
    expect(Object.keys(holdsCommands).filter((name) => !found.includes(name))).toEqual([]);
  });

  it("reads and prepared writes are made by records; others commit what a record prepared", () => {
    const found = sources.filter(
      ({ name, text }) =>
        !name.startsWith("packages/aws/") &&
        [...text.matchAll(/import (?:type )?\{([^}]*)\} from "@steward\/aws\/table"/g)].some(([, names = ""]) =>
          names
            .split(",")
            .some(
              (one) =>
                !["", "commit", "Page", "PageRequest", "Table", "Write"].includes(one.trim().replace(/^type /, "")),
            ),
        ),
    );
    expect(found.map(({ name }) => name)).toEqual([]);
    // Nobody sends with the client that a table carries.
    expect(
      naming(/\btable\.client\b/).filter((name) => !isRecord(name) && name !== "packages/aws/src/table.ts"),
    ).toEqual([]);
  });

  it("keys are made in records", () => {
    const mayName = [
      "packages/aws/src/key-families.ts",
      "packages/aws/src/tenant-fence.ts",
      "packages/contracts/src/permissions.ts",
    ];
    expect(naming(/["'`](?:SYS|T)#/).filter((name) => !isRecord(name) && !mayName.includes(name))).toEqual([]);
  });

  it("every function's client is fenced", () => {
    const functions = sources.filter(({ name }) => /^packages\/(?:functions|api|control)\//.test(name));
    const made = functions.flatMap(({ name, text }) =>
      [...text.matchAll(/\bcreateDynamo\(([^)]*)\)/g)].map(([, options = ""]) => [
        name,
        options.startsWith("{ fence: {"),
      ]),
    );
    expect(made).toEqual([
      ["packages/functions/src/context.ts", true],
      ["packages/functions/src/heartbeat.ts", true],
    ]);
    // Its fence is no option.
    expect(naming(/\bcreateWire\(/)).toEqual([
      "packages/aws/src/clients/dynamo.ts",
      "packages/functions/src/heartbeat.ts",
    ]);
    expect(functions.filter(({ text }) => /@steward\/aws\/clients["']/.test(text)).map(({ name }) => name)).toEqual([]);
  });
});

describe("families of keys", () => {
  const partitions = Object.values(keyFamilies).map(({ partition }) => partition);
  const inRecords = new Map(
    sources
      .filter(({ name }) => isRecord(name))
      .flatMap(({ name, text }) =>
        [...text.matchAll(/["'`](SYS#[A-Z-]+)/g)].map(([, word = ""]) => [word, name] as const),
      ),
  );

  it("every SYS family of a record is declared, with what a tenant's code may do there", () => {
    const missing = [...inRecords].filter(([word]) => !(partitions as string[]).includes(word));
    expect(
      missing.map(([word, name]) => `${name} uses ${word}, which packages/aws/src/key-families.ts does not know`),
    ).toEqual([]);
  });

  it("none is declared that no record uses, and none twice", () => {
    expect(partitions.filter((partition) => !inRecords.has(partition))).toEqual([]);
    expect(new Set(partitions).size).toBe(partitions.length);
  });

  it("a tenant's key has its tenant right behind the T#", () => {
    const found = sources.filter(({ name }) => isRecord(name));
    for (const { name, text } of found) {
      for (const [, next = ""] of text.matchAll(/`T#(.{0,30})/g)) {
        expect([name, next]).toEqual([name, expect.stringMatching(/^\$\{(?:\w+\.)?tenantId\}#/)]);
      }
    }
  });
});

it("whoever acts for the system is on the list, and nobody is for nothing", () => {
  const found = naming(/\bactForSystem\(/).filter((name) => name !== "packages/aws/src/tenant-fence.ts");
  expect(found.toSorted()).toEqual(Object.keys(actsForSystem).toSorted());
});
