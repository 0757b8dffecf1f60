import { defaults } from "@steward/contracts/defaults";
import fc from "fast-check";
import type { z } from "zod";

/** A body as it goes over the wire. */
export interface Shot {
  bytes: Buffer;
  contentType: string | undefined;
  /** What was done to it. */
  how: string;
}

/** A gateway answers what is larger (10 MB) before it has read it all, and its sender may not get to hear the answer. */
const largestBytes = 8 * 1024 * 1024;

type Mutation = (value: unknown, at: number) => unknown;

/** Bodies of a shape: some as they are, most changed in one to three places, as a value or as bytes. */
export function shotsOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<Shot> {
  const json = values.map((value): Shot => shot(stringify(value), "as it is"));
  const changedValue = fc
    .tuple(values, fc.array(fc.tuple(valueMutation, fc.nat()), { minLength: 1, maxLength: 3 }))
    .map(([value, mutations]): Shot => {
      let changed = structuredClone(value);
      for (const [{ mutate }, at] of mutations) changed = mutate(changed, at);
      return shot(stringify(changed), mutations.map(([{ name }]) => name).join(" + "));
    });
  const changedBytes = fc
    .tuple(values, bytesMutation, fc.nat())
    .map(([value, { name, mutate }, at]): Shot => ({ ...mutate(Buffer.from(stringify(value)), at), how: name }));
  return fc
    .oneof(
      { weight: 5, arbitrary: json },
      { weight: 5, arbitrary: changedValue },
      { weight: 2, arbitrary: changedBytes },
    )
    .filter(({ bytes }) => bytes.length <= largestBytes);
}

export type Verdict<Body> = { kind: "invalid" } | { kind: "valid" | "odd"; body: Body };

/**
 * What a shot is by the schema itself. `odd`: it has the shape, with a number or a text that no store can keep as it is
 * (1e300, half of a surrogate pair): either answer is right, but a fault.
 */
export function judge<Schema extends z.ZodType>(
  schema: Schema,
  { bytes, contentType }: Shot,
): Verdict<z.output<Schema>> {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json" || bytes.length > defaults.maxBodyBytes) return { kind: "invalid" };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { kind: "invalid" };
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? { kind: isPlain(value) ? "valid" : "odd", body: parsed.data } : { kind: "invalid" };
}

function isPlain(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") {
    const size = Math.abs(value);
    return size === 0 || (size <= Number.MAX_SAFE_INTEGER && size > 1e-100);
  }
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, part]) => key !== "__proto__" && key.isWellFormed() && isPlain(part));
}

function shot(text: string, how: string): Shot {
  return { bytes: Buffer.from(text), contentType: "application/json", how };
}

/** What JSON has no value for goes through it as a text, and comes out as it is. */
const raw = (text: string) => `@raw@${text}@`;
const stringify = (value: unknown): string => (JSON.stringify(value) ?? "").replace(/"@raw@([^"@]*)@"/g, "$1");

const strange: readonly unknown[] = [
  null,
  "",
  [],
  {},
  true,
  0,
  -0,
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e21,
  1e300,
  5e-324,
  ...[
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1e-999",
    "0x10",
    "01",
    "1.",
    "undefined",
    "9".repeat(400),
  ].map(raw),
  "NaN",
  "1",
  "true",
  "\0",
  "\ud800",
  "\udc00x",
  "‮abc",
  "👩‍👩‍👧‍👦",
  "e\u0301",
  "\u2028",
  "{{ lookup('pipe','id') }}",
  "${7*7}",
  "'; DROP TABLE steward; --",
  "../../../etc/passwd",
  "T#ten_provider#TENANT",
  "x".repeat(5_000),
  "ä".repeat(5_000),
  Array.from({ length: 2_000 }, () => 1),
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index])),
];
const strangeNames = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "",
  " ",
  "tenantId",
  "pk",
  "\ud800",
  "sequence ",
  "x".repeat(1_000),
];

/** A place in a value: where it hangs. */
interface Place {
  parent: Record<string, unknown>;
  key: string;
}

function placesIn(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, part] of Object.entries(value)) {
    found.push({ parent: value as Record<string, unknown>, key });
    placesIn(part, found);
  }
  return found;
}

/** As an own field, whatever it is called. */
function set(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Changes one place of the value; the value itself where it has none. */
const atPlace =
  (change: (place: Place, at: number) => void): Mutation =>
  (value, at) => {
    const places = placesIn(value);
    const place = places[at % Math.max(1, places.length)];
    if (place !== undefined) change(place, Math.floor(at / places.length));
    return value;
  };
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;
/** A further mutation may change it: the list itself must stay as it is. */
const copyOf = (list: readonly unknown[], at: number): unknown => structuredClone(pick(list, at));
const nested = (depth: number): unknown => {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

const valueMutations: Readonly<Record<string, Mutation>> = {
  "a field less": atPlace(({ parent, key }) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }),
  "a field more": (value, at) => {
    const places = [value, ...placesIn(value).map(({ parent, key }) => parent[key])].filter(
      (one): one is object => typeof one === "object" && one !== null && !Array.isArray(one),
    );
    const target = places[at % Math.max(1, places.length)];
    if (target !== undefined) set(target, pick(strangeNames, Math.floor(at / 7)), copyOf(strange, at));
    return value;
  },
  "a field of another name": atPlace(({ parent, key }, at) => {
    if (Array.isArray(parent)) return;
    const value = parent[key];
    delete parent[key];
    set(parent, pick([...strangeNames, key.toUpperCase(), `${key}\0`], at), value);
  }),
  "another type": atPlace(({ parent, key }, at) => set(parent, key, copyOf(strange, at))),
  "as a text": atPlace(({ parent, key }) => set(parent, key, JSON.stringify(parent[key]))),
  "in a list": atPlace(({ parent, key }) => set(parent, key, [parent[key]])),
  "in an object": atPlace(({ parent, key }) => set(parent, key, { [key]: parent[key] })),
  "beyond its bounds": atPlace(({ parent, key }, at) => {
    const value = parent[key];
    if (typeof value === "number") set(parent, key, pick([-value - 1, value + 1e6, value * 1e10, value + 0.1], at));
    else if (typeof value === "string") set(parent, key, value.padEnd(10_001, pick(["x", "0", "é", " "], at)));
    else if (Array.isArray(value))
      set(
        parent,
        key,
        Array.from({ length: 201 }, (_, index) => value[index % Math.max(1, value.length)] ?? "x"),
      );
  }),
  "a strange letter": atPlace(({ parent, key }, at) => {
    const value = parent[key];
    if (typeof value === "string") set(parent, key, value + pick(["\0", "\ud800", "\u202e", "\n", "#", "ſ", "İ"], at));
  }),
  "nested deep": atPlace(({ parent, key }, at) => set(parent, key, nested(pick([5, 19, 21, 40, 500], at)))),
  "itself nested": (value, at) => pick([[value], { body: value }, null, "text", 7, [], nested(30)], at),
};
const valueMutation = fc.constantFrom(...Object.entries(valueMutations).map(([name, mutate]) => ({ name, mutate })));

const typeOf = (contentType: string | undefined) => (bytes: Buffer) => ({ bytes, contentType });
const isJson = "application/json";
const bytesMutations: Readonly<Record<string, (bytes: Buffer, at: number) => Omit<Shot, "how">>> = {
  truncated: (bytes, at) => ({ bytes: bytes.subarray(0, at % bytes.length), contentType: isJson }),
  "a byte flipped": (bytes, at) => {
    const changed = Buffer.from(bytes);
    changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ (1 << (at % 8));
    return { bytes: changed, contentType: isJson };
  },
  "a byte that is no UTF-8": (bytes, at) => {
    const place = at % bytes.length;
    return {
      bytes: Buffer.concat([bytes.subarray(0, place), Buffer.from([0xff, 0xc0]), bytes.subarray(place)]),
      contentType: isJson,
    };
  },
  "a field twice": (bytes, at) => {
    const text = bytes.toString();
    const [field = '"a":1'] = /"[^"\\]*":(?:"[^"\\]*"|[\d.]+|true|false)/.exec(text) ?? [];
    const other = pick([field, field.replace(/:.*/, ":null"), field.replace(/:.*/, ":1e9")], at);
    return { bytes: Buffer.from(text.replace(/^\{/, `{${other},`)), contentType: isJson };
  },
  "with more behind it": (bytes, at) => ({
    bytes: Buffer.concat([bytes, Buffer.from(pick(["{}", ",", "\0", " ", "//", "null"], at))]),
    contentType: isJson,
  }),
  "with a mark before it": (bytes) => ({ bytes: Buffer.concat([Buffer.from("\ufeff"), bytes]), contentType: isJson }),
  "in UTF-16": (bytes) => ({ bytes: Buffer.from(bytes.toString(), "utf16le"), contentType: isJson }),
  "too large": (bytes) => ({
    bytes: Buffer.concat([bytes, Buffer.alloc(defaults.maxBodyBytes, " ")]),
    contentType: isJson,
  }),
  "as a form": typeOf("application/x-www-form-urlencoded"),
  "as text": typeOf("text/plain"),
  "as XML": typeOf("application/xml"),
  "as nothing": typeOf(undefined),
  "as JSON of a kind": typeOf("application/json; charset=latin1"),
  "as another JSON": typeOf("application/problem+json"),
};
const bytesMutation = fc.constantFrom(...Object.entries(bytesMutations).map(([name, mutate]) => ({ name, mutate })));
