import { secretReferencePattern } from "./secret-reference.ts";
import { findSpokenSecrets } from "./spoken-secret.ts";

/**
 * Takes secrets out of what is about to be logged, stored or shown: by the names of fields, and by the shapes that secrets
 * have. Pure and without the platform's own modules, so that every app, in a browser too, has the one same rule. It falls
 * to the safe side: a harmless value that looks like a secret is lost from a log, and nothing else happens.
 */
export const redacted = "[redacted]";

export interface Limits {
  depth: number;
  entries: number;
  characters: number;
}
/** Deeper, wider and longer than any line of a log needs to be; what is beyond is said to be left out. */
const ofALine: Limits = { depth: 10, entries: 500, characters: 32_768 };
/** For data that is to stay whole, which whoever took it has held to its limits. */
export const whole: Limits = { depth: 64, entries: Number.POSITIVE_INFINITY, characters: Number.POSITIVE_INFINITY };
/** `%2525…` and base64 within base64: so many layers are looked through. */
const maxLayers = 3;

const secretWords = new Set([
  "password",
  "passwords",
  "passwd",
  "passphrase",
  "passcode",
  "passwort",
  "kennwort",
  "pwd",
  "pw",
  "secret",
  "secrets",
  "authorization",
  "cookie",
  "cookies",
  "credential",
  "credentials",
  "token",
  "bearer",
  "otp",
]);
/** `privateKey`, `api_key`, `secret-access-key`: a key of these kinds; any other key is an identifier. */
const secretKeys = new Set([
  "private",
  "api",
  "access",
  "secret",
  "encryption",
  "cursor",
  "claim",
  "license",
  "anthropic",
]);
/** `secretName`, `tokenExpiresAt`: about a secret, not the secret. */
const harmlessEnds = new Set(
  (
    "id ids name names arn count length at ms seconds days version versions status kind type types url path file hash " +
    "fingerprint policy stages limit used budget price usd ts js mjs json yml log"
  ).split(" "),
);

/** Whether a field of that name holds a secret: `refreshToken`, `STEWARD_API_KEY`, `set-cookie`. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(0, 200)
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
  const last = words.at(-1);
  if (last === undefined || harmlessEnds.has(last)) return false;
  // Also written together, or after the rest of an escape: `userpassword`, `\\nsecret`.
  const isOf = (set: ReadonlySet<string>) =>
    words.some((word) => set.has(word) || [...set].some((one) => one.length > 4 && word.endsWith(one)));
  return (
    isOf(secretWords) ||
    ((last === "key" || last === "keys") && isOf(secretKeys)) ||
    /(?:api|private|access|secret)key$/.test(last)
  );
}

/** Cheap and wide: a text without any of it has none of the shapes below. */
const mayHold =
  /pass|pwd|pw\b|secret|token|key|auth|cookie|credential|bearer|basic|otp|kennw|\bpin\b|login|eyJ|stw_|x-amz-|:\/\/|A[KS]IA|[\w+/-]{24}|%[\da-f]{2}/i;

/** What says by itself that it is a secret. Each with what stays of it. */
const plainShapes: readonly (readonly [RegExp, string])[] = [
  // Also one whose lines were joined by the two characters \n, and one that was cut off.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  // A JSON Web Token, also without its signature, or cut off.
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, redacted],
  [/\b(Bearer|Basic)(\s+|%20|\+)(?!\s*\[redacted\])[^\s"'\\,;&]{6,}/gi, `$1$2${redacted}`],
  [/\bstw_[\w-]{6,}(?:\.[\w-]+)*/g, redacted],
  [/\bsk-[\w-]{12,}/g, redacted],
  [/\b(?:gh[opsur]_|github_pat_|glpat-|xox[abprs]-|hvs\.)[\w-]{10,}/g, redacted],
  [/\bA(?:KIA|SIA)[A-Z\d]{12,}\b/g, redacted],
  // Sign-in links, invitations and the like: whatever a page is given after the hash to sign in with.
  [/((?:#|%23)(?:login|invite|token|session)(?:=|%3D))(?!\[redacted\])[^\s"'\\<>&]+/gi, `$1${redacted}`],
  [
    /\b(X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D|["']?\s*[:=]\s*["']?))(?!\[redacted\])[^\s"'\\<>&%]+(?:%2F[^\s"'\\<>&%]+)*/gi,
    `$1${redacted}`,
  ],
  // postgres://user:password@host
  [/\b([a-z][a-z\d+.-]{1,20}:\/\/[^\s:/@"']{0,100}:)(?!\[redacted\]@)[^\s/@"']+@/gi, `$1${redacted}@`],
];
const shapes: typeof plainShapes = [
  ...plainShapes,
  // 32 random bytes as base64url, which is how Steward makes every secret of its own; with what an enrolment token adds.
  // A fingerprint of a key that says what it is (`SHA256:…`) stays.
  [
    /(?<![\w+/-])(?<!SHA256:)(?=[\w-]{0,42}[a-z])(?=[\w-]{0,42}[A-Z])(?=[\w-]{0,42}[\d_-])[\w-]{43}(?:\.[\da-f]{64})?(?![\w+/=-])/g,
    redacted,
  ],
];

/** `name: value`, `"name":"value"`, `name=value`, `\"name\":\"value\"`, in whatever stands around it. */
const assigned =
  /(?<![\w.-])([\w.-]{0,100}?(?:pass|kennw|pwd|pw|secret|token|key|auth|cookie|credential|bearer|otp)[\w.-]{0,40})(\\*["']?\s{0,4}(?:=>|:=|[:=]|%3[AD])\s{0,4})(\\*"(?:[^"\\\n]|\\(?!")[^\n])*|\\*'[^'\n]*|\[[^\]\n]*|[^\s"',;&}\]]+)/gi;
/** A header's value is all of its line. */
const headers = /\b((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,4}[:=]\s{0,4})(?!\s*\[redacted\])([^\r\n"'\\]+)/gi;

/** As it is handed out to whoever has to trust it: DER in base64. Of one in three hundred the end reads as `…Pw=value`. */
const certificates = /(-----BEGIN CERTIFICATE-----\r?\nMII[A-Za-z\d+/\r\n]+={0,2}\r?\n-----END CERTIFICATE-----)/;

/** A text without the secrets that can be told by their shape or by what stands before them. */
export function redactText(text: string): string {
  try {
    const parts = text.split(certificates);
    return parts.map((part, at) => (at % 2 === 1 && isCertificate(part) ? part : redactPart(part))).join("");
  } catch {
    // A rule that failed must not let through what it was to hold back.
    return redacted;
  }
}

/** Whether none of its lines is the base64 of something that can be read. */
function isCertificate(block: string): boolean {
  return block.split("\n").every((line) => !hidesSecret(line.trim(), maxLayers - 1));
}

function redactPart(text: string): string {
  // What one rule leaves may read as another's: until nothing changes any more.
  let before = text;
  for (let turn = 0; turn < 8; turn++) {
    const after = redactLayers(before, maxLayers);
    if (after === before) return after;
    before = after;
  }
  return redacted;
}

function redactLayers(text: string, layers: number): string {
  if (!mayHold.test(text)) return text;
  let out = text;
  for (const [pattern, kept] of shapes) out = out.replace(pattern, kept);
  out = out.replace(headers, (_whole, name: string, sign: string) => `${name}${sign}${redacted}`);
  out = redactAssigned(out);
  out = redactSpoken(out);
  if (layers === 0) return out;
  // What is written in another way is read, and left out as a whole where there is a secret in it.
  out = out.replace(/[^\s"'<>\\]{3,}/g, (part) => {
    if (!/%[\dA-Fa-f]{2}/.test(part)) return part;
    const decoded = decodePercent(part);
    return decoded === part || redactLayers(decoded, layers - 1) === decoded ? part : redacted;
  });
  return out.replace(/[A-Za-z\d+/_-]{24,}={0,2}/g, (part) => (hidesSecret(part, layers - 1) ? redacted : part));
}

/** `secret:` in an ARN is a kind of resource. */
const beforeKind = /\d{12}:$/;

function redactAssigned(text: string): string {
  return text.replace(assigned, (_whole, name: string, sign: string, value: string, at: number) => {
    if (name === "secret" && beforeKind.test(text.slice(Math.max(0, at - 13), at))) return `${name}${sign}${value}`;
    if (isSecretName(name) && !isHarmless(value)) return `${name}${sign}${openingOf(value)}${redacted}`;
    // A harmless name may stand before a telling one: `key: password=…`.
    return `${name}${sign}${redactAssigned(value)}`;
  });
}

function openingOf(value: string): string {
  return /^\\*["']/.exec(value)?.[0] ?? "";
}

/** What is no secret although it stands where one could: nothing, a yes or no, what was taken out already. */
function isHarmless(value: string): boolean {
  return /^\\*["']?(?:\[redacted\]?|true|false|null|none|undefined|\*+|\{|\[|\\*["']?)$/i.test(value);
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%[0-7][\dA-Fa-f]/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  }
}

/** Whether base64 hides one: a piece of it may begin at any of the four places of a group. */
function hidesSecret(part: string, layers: number): boolean {
  if (part.length > ofALine.characters) return false;
  const standard = part.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  for (let skip = 0; skip < 4; skip++) {
    const cut = standard.slice(skip);
    let decoded: string;
    try {
      decoded = atob(cut.slice(0, cut.length - (cut.length % 4 === 1 ? 1 : 0)));
    } catch {
      continue;
    }
    // Other bytes than text are no secret that anybody could read off.
    if (/^[\t\n\r\x20-\x7e]{12,}$/.test(decoded) && redactLayers(decoded, layers) !== decoded) return true;
  }
  return false;
}

function redactSpoken(text: string): string {
  const found = findSpokenSecrets(text).sort((a, b) => b.start - a.start);
  let out = text;
  let from = Number.POSITIVE_INFINITY;
  for (const { start, end } of found) {
    if (end > from) continue;
    out = out.slice(0, start) + redacted + out.slice(end);
    from = start;
  }
  return out;
}

/**
 * Whether a text holds what its writer must have known to be a secret. Narrower than what is redacted: whoever is told
 * that it does cannot go on.
 */
export function holdsSecret(text: string): boolean {
  // As a whole it names one, and is none.
  if (secretReferencePattern.test(text)) return false;
  if (findSpokenSecrets(text).length > 0 || plainShapes.some(([pattern, kept]) => text.replace(pattern, kept) !== text))
    return true;
  // `{secret:reference}` says where one is.
  for (const { 1: name = "", 3: value = "", index } of text.matchAll(assigned))
    if (
      !(name === "secret" && text[index - 1] === "{") &&
      /pass|pwd|secret|kennw|(?:api|private|access)[_-]?key/i.test(name) &&
      isSecretName(name) &&
      !isHarmless(value)
    )
      return true;
  return false;
}

/**
 * The same value without its secrets, as plain JSON: deep, also through errors (whose stacks stay), with cycles, getters
 * that throw, bytes and whatever else somebody may log. Never throws. What it has redacted it leaves as it is.
 */
export function redact(value: unknown, limits: Limits = ofALine): unknown {
  return walk(value, [], limits);
}

function walk(value: unknown, above: readonly object[], limits: Limits): unknown {
  switch (typeof value) {
    case "string":
      return redactText(value.length > limits.characters ? cut(value, limits.characters) : value);
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "bigint":
      return String(value);
    case "symbol":
    case "function":
      return undefined;
    default:
      break;
  }
  if (value === null) return null;
  const object = value as object;
  if (above.includes(object)) return "[circular]";
  if (above.length >= limits.depth) return "[too deep]";
  try {
    return walkObject(object, [...above, object], limits);
  } catch {
    return "[unreadable]";
  }
}

function walkObject(object: object, above: readonly object[], limits: Limits): unknown {
  if (ArrayBuffer.isView(object)) return `[${object.byteLength} bytes]`;
  if (object instanceof Date) return Number.isNaN(object.getTime()) ? null : object.toISOString();
  if (object instanceof Error) return walkError(object, above, limits);
  if (object instanceof Map) return walk([...object], above, limits);
  if (object instanceof Set) return walk([...object], above, limits);
  if (Array.isArray(object)) {
    const kept = object.slice(0, limits.entries).map((entry) => walk(entry, above, limits));
    return object.length > limits.entries ? [...kept, `[${object.length - limits.entries} more]`] : kept;
  }
  if ("toJSON" in object && typeof object.toJSON === "function") return walk(object.toJSON(), above, limits);
  return walkFields(object as Record<string, unknown>, Object.keys(object), above, limits);
}

/** An error's own text stands in its `stack` too; `code`, `cause` and whatever else it was given come along. */
function walkError(error: Error, above: readonly object[], limits: Limits): unknown {
  const names = new Set(["name", "message", "stack", "cause", ...Object.keys(error)]);
  return walkFields(error as unknown as Record<string, unknown>, [...names], above, limits);
}

function walkFields(
  object: Record<string, unknown>,
  names: string[],
  above: readonly object[],
  limits: Limits,
): unknown {
  const kept: Record<string, unknown> = {};
  for (const name of names.slice(0, limits.entries)) {
    let value: unknown;
    try {
      value = object[name];
    } catch {
      value = "[unreadable]";
    }
    if (value === undefined) continue;
    // The name may be the secret: a map by token.
    const key = redactText(name.length > 200 ? name.slice(0, 200) : name);
    const field = (isSecretName(name) || isSecretName(key)) && !isPlain(value) ? redacted : walk(value, above, limits);
    Object.defineProperty(kept, key, { value: field, enumerable: true, configurable: true, writable: true });
  }
  if (names.length > limits.entries) kept["…"] = `[${names.length - limits.entries} more]`;
  return kept;
}

/** No secret is a yes or a no, or nothing. */
function isPlain(value: unknown): boolean {
  return value === null || typeof value === "boolean" || value === "" || value === redacted;
}

function cut(text: string, characters: number): string {
  return `${text.slice(0, characters - 40)}… [${text.length - characters + 40} more characters]`;
}
