import { canonicalHash } from "@steward/contracts/canonical";
import type { Table } from "@steward/aws/table";
import { scanTable } from "../../support/scan-table.ts";

/** An item of the table: whose it is, what it says, and a hash of it. */
interface Entry {
  text: string;
  hash: string;
}
export type Snapshot = Map<string, Entry>;

/** Families that a refused call may write: its traces (and what seals them) and its limits, and the key of a call that began. */
const apart = /#(?:AUDIT|SEAL|RATE|LIMIT|LIMITS|DENIAL|DENIALS|IDEMPOTENCY)(?:[# ]|$)/;

export async function snapshot(table: Table): Promise<Snapshot> {
  const items: Snapshot = new Map();
  for await (const item of scanTable(table)) {
    items.set(`${item["pk"]} ${item["sk"]}`, { text: textOf(item), hash: canonicalHash(JSON.parse(textOf(item))) });
  }
  return items;
}

function textOf(item: Record<string, unknown>): string {
  return JSON.stringify(item, (_, value: unknown) =>
    value instanceof Uint8Array
      ? Buffer.from(value).toString("base64")
      : value instanceof Set
        ? [...value].map(String)
        : value,
  );
}

/** Keys whose items came, went or changed, but for `apart`. */
export function changes(
  before: Snapshot,
  after: Snapshot,
  of: (key: string, entry: Entry) => boolean = () => true,
): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (apart.test(key) || old?.hash === now?.hash) return false;
    const entry = old ?? now;
    return entry !== undefined && of(key, entry);
  });
}

/** What belongs to a tenant, wherever it lies. */
export const ofTenant = (tenantId: string) => (key: string, entry: Entry) =>
  key.startsWith(`T#${tenantId}#`) || entry.text.includes(tenantId);

const names = /[A-Za-z0-9_-]{16,}/g;
/** Its lines are no names: certificates of one issuer share half of them. Whose one is, is in it once it is decoded. */
const pem = /-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----/g;

/**
 * Finds what is a tenant's in texts: its word, and whatever long name (ids, hashes, keys of objects) stands in its records
 * and in nobody else's. Also inside of base64, as signed documents are.
 */
export function createTaint(word: string, tenantId: string, records: Snapshot) {
  const own = new Set<string>();
  const others = new Set<string>();
  const isOwn = ofTenant(tenantId);
  for (const [key, entry] of records) {
    for (const [name] of `${key} ${entry.text.replaceAll(pem, "")}`.matchAll(names))
      (isOwn(key, entry) ? own : others).add(name);
  }
  for (const name of others) own.delete(name);
  const find = (text: string, depth: number): string[] => {
    const found = text.includes(word) ? [word] : [];
    for (const [name] of text.matchAll(names)) if (own.has(name)) found.push(name);
    if (depth === 0) return found;
    const unwrapped = text.replaceAll(pem, (block) =>
      block.replaceAll(/-----[A-Z ]+-----|\\n|\s/g, " ").replaceAll(/ (?=\S)/g, ""),
    );
    for (const [encoded] of unwrapped.matchAll(/[A-Za-z0-9+/_-]{40,}={0,2}/g)) {
      found.push(...find(Buffer.from(encoded, "base64").toString("utf8"), depth - 1));
    }
    return found;
  };
  return {
    size: own.size,
    /** What of it is in a text, but for what the caller itself said. */
    in: (text: string, said: readonly string[] = []): string[] => {
      const rest = said.reduce((left, one) => (one.length < 8 ? left : left.replaceAll(one, "")), text);
      return [...new Set(find(rest, 2))];
    },
  };
}
