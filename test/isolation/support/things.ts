import { randomBytes, randomUUID } from "node:crypto";
import { newId, runIdOf } from "@steward/contracts/ids";
import { newPrivateKey, requestFor } from "@steward/node-client/key-pair";
import type { Source } from "./fill-schema.ts";

/*
 * What a tenant has, and what requests are filled with. This is the one place that is taught: a route whose ids or bodies
 * nothing here fits fails the suite, and says so. Most need nothing: whatever the API answers with is kept by its prefix.
 */

/** The key of all certificates that are asked for; the same for everybody, as nothing is proved by the request. */
export const requestedKey = newPrivateKey();
export const csr = await requestFor(requestedKey);

/** Fields with the same value for every tenant. */
const common: Readonly<Record<string, () => unknown>> = {
  csr: () => csr,
  steps: () => [{ action: "disk.usage", variables: {} }],
  action: () => "disk.usage",
  variables: () => ({}),
  config: () => ({ intervalSeconds: 60 }),
  timeZone: () => "Europe/Berlin",
  cpuPercent: () => [80, 95],
  memoryPercent: () => [80, 95],
  diskPercent: () => [80, 95],
  loadAverage1m: () => [4, 8],
  url: () => "https://hooks.example.org/steward",
  begins: () => "22:00",
  ends: () => "07:00",
  text: () => "show disk usage every 15 minutes",
  until: () => new Date(Date.now() + 3_600_000).toISOString(),
  scope: () => "tenant",
  attempt: () => 1,
  // Not at once: what is left of a deleted tenant is looked at afterwards.
  graceDays: () => 30,
  sequence: () => Date.now(),
  intervalSeconds: () => 3_600,
  requirements: () => "slots:0",
  secretRef: () => "1-0-password",
  // Proofs: what nobody has guessed.
  secret: () => randomBytes(32).toString("base64url"),
  token: () => randomBytes(32).toString("base64url"),
  bootstrapToken: () => randomBytes(32).toString("base64url"),
  refreshToken: () => randomBytes(32).toString("base64url"),
};

const idPattern = /\b([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}(?:[0-9a-z]{4})?\b/g;

export interface Things extends Source {
  /** In every value that somebody chose: nothing else on earth has it. */
  word: string;
  tenantId: string;
  /** By prefix, those that were made on purpose first. */
  ids: Map<string, string[]>;
  /** By field: what is another one in every tenant. */
  values: Map<string, string[]>;
  /** Never put into a request that changes something: who calls. */
  kept: Set<string>;
  addId(...ids: string[]): void;
  addValue(field: string, value: string): void;
  /** Keeps every id of an answer. */
  harvest(text: string): void;
}

export function createThings(word: string, tenantId: string): Things {
  let count = 0;
  const ids = new Map<string, string[]>([["ten", [tenantId]]]);
  const values = new Map<string, string[]>();
  const kept = new Set<string>();
  const add = (map: Map<string, string[]>, key: string, value: string) => {
    const list = map.get(key) ?? [];
    if (!list.includes(value)) map.set(key, [...list, value]);
  };
  const addId = (...more: string[]) => {
    for (const id of more) if (!kept.has(id)) add(ids, id.slice(0, 3), id);
  };
  return {
    word,
    tenantId,
    ids,
    values,
    kept,
    addId,
    addValue: (field, value) => add(values, field, value),
    harvest(text) {
      for (const [id, prefix] of text.matchAll(idPattern)) {
        // Other tenants' names stand in answers to the provider only.
        if (prefix !== "ten" && prefix !== "wrk") addId(id);
      }
    },
    known(field) {
      if (field === "targets") return [ids.get("apl")?.[0]];
      return values.get(field)?.[0] ?? common[field]?.();
    },
    id: (prefixes) => prefixes.flatMap((prefix) => ids.get(prefix) ?? [])[0],
    *texts() {
      count += 1;
      yield `${word}-${count}`;
      yield `${word}${count}`;
      yield `site:${word}`;
      yield `${word}.${count}`;
      yield `${word}${count}@${word}.example`;
      yield `https://${word}.example/${count}`;
      yield new Date(Date.now() + 3_600_000).toISOString();
      yield randomUUID();
      yield randomBytes(32).toString("hex");
      yield randomBytes(32).toString("base64");
      yield new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
      yield "Europe/Berlin";
      yield "0 3 * * *";
      yield word;
    },
  };
}

/** What is like a value, and is nowhere: an absent thing's name. */
export function absentLike(value: string): string {
  const prefix = value.slice(0, 3);
  if (/^[a-z]{3}_[0-9a-z]{26}/.test(value)) {
    const fresh = newId("task", Date.now());
    if (prefix === "run") return runIdOf(`rol${fresh.slice(3)}`, 0);
    return prefix + fresh.slice(3);
  }
  if (/^[0-9a-f]{64}$/.test(value)) return randomBytes(32).toString("hex");
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value)) return randomUUID();
  // The words of both tenants, and not what reads like one in the middle of a proof.
  return value.replaceAll(
    /zq(?:alpha|bravo)/g,
    () => `zq${Array.from(randomBytes(8), (byte) => String.fromCharCode(97 + (byte % 26))).join("")}`,
  );
}

/** Fields that name nothing which is there, in a body: whoever makes something names it as they like. */
const namesAnew = new Set(["name", "tags", "add", "remove", "ledgerId"]);

/**
 * What may stand in the place of one of `own`'s values and is `other`'s; empty where the value is nothing that names a
 * thing. Targets may be named by more than their ids.
 */
export function foreignFor(
  { value, path, part }: { value: string; path: string[]; part: string },
  own: Things,
  other: Things,
): string[] {
  const field = path.findLast((one) => !/^\d+$/.test(one)) ?? "";
  const prefix = value.slice(0, 3);
  const byId = own.ids.get(prefix)?.includes(value) === true ? (other.ids.get(prefix) ?? []) : [];
  const names = field === "targets" ? ["machine", "tag"].flatMap((kind) => other.values.get(kind) ?? []) : [];
  const named = own.values.get(field)?.includes(value) === true && !(part === "body" && namesAnew.has(field));
  const byField = named ? (other.values.get(field) ?? []) : [];
  // What both have, such as a bundle, is nobody's.
  return [...byId, ...names, ...byField].filter((one) => ![...own.values.values()].some((list) => list.includes(one)));
}
