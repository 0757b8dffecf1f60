import type { DefaultRetention, ObjectRecord, Retention } from "./s3-objects.ts";
import { element } from "./s3-xml.ts";
import { ServiceError } from "./service.ts";

/* Object lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html. Legal holds are not imitated. */

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const dayMs = 86_400_000;
type Lock = { defaultRetention?: DefaultRetention } | undefined;

export function writeConfiguration(lock: Lock): string {
  if (lock === undefined)
    throw new ServiceError(
      "ObjectLockConfigurationNotFoundError",
      "Object Lock configuration does not exist for this bucket",
      { status: 404 },
    );
  const { defaultRetention: kept } = lock;
  const rule =
    kept === undefined
      ? ""
      : `<Rule><DefaultRetention>${element("Mode", kept.mode)}${element("Days", kept.days)}</DefaultRetention></Rule>`;
  return `<ObjectLockConfiguration ${namespace}><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
}

export function readConfiguration(text: string, lock: Lock): DefaultRetention | undefined {
  if (lock === undefined)
    throw new ServiceError("InvalidBucketState", "Object Lock configuration cannot be enabled on existing buckets", {
      status: 409,
    });
  if (!/<ObjectLockEnabled>\s*Enabled\s*<\/ObjectLockEnabled>/.test(text)) throw malformed();
  if (!text.includes("<DefaultRetention>")) return undefined;
  const days = valueOf(text, "Days");
  const years = valueOf(text, "Years");
  const count = Number(days ?? years);
  if ((days === undefined) === (years === undefined) || !Number.isInteger(count) || count < 1) throw malformed();
  return { mode: modeOf(valueOf(text, "Mode")), days: days === undefined ? count * 365 : count };
}

export function writeRetention({ retention }: ObjectRecord): string {
  if (retention === undefined)
    throw new ServiceError(
      "NoSuchObjectLockConfiguration",
      "The specified object does not have a ObjectLock configuration",
      { status: 404 },
    );
  const until = element("RetainUntilDate", new Date(retention.untilMs).toISOString());
  return `<Retention ${namespace}>${element("Mode", retention.mode)}${until}</Retention>`;
}

export function readRetention(text: string, lock: Lock, nowMs: number): Retention {
  if (lock === undefined) throw noLock();
  return { mode: modeOf(valueOf(text, "Mode")), untilMs: untilOf(valueOf(text, "RetainUntilDate"), nowMs) };
}

/** What a put asks for, else what its bucket gives to every version. */
export function retentionOfPut(
  asked: { mode: string | undefined; until: string | undefined },
  lock: Lock,
  nowMs: number,
): Retention | undefined {
  if (asked.mode === undefined && asked.until === undefined) {
    const kept = lock?.defaultRetention;
    return kept === undefined ? undefined : { mode: kept.mode, untilMs: nowMs + kept.days * dayMs };
  }
  if (lock === undefined) throw noLock();
  if (asked.mode === undefined || asked.until === undefined)
    throw new ServiceError(
      "InvalidArgument",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  return { mode: modeOf(asked.mode), untilMs: untilOf(asked.until, nowMs) };
}

/** Nobody deletes a version under lock but who may bypass `GOVERNANCE`. */
export function requireDeletable({ retention }: ObjectRecord, by: { bypasses: boolean; nowMs: number }): void {
  if (retention === undefined || retention.untilMs <= by.nowMs) return;
  if (retention.mode === "GOVERNANCE" && by.bypasses) return;
  throw protectedByLock();
}

/** Retention may always be made longer; shorter, or weaker, like a deletion. */
export function requireChangeable(
  record: ObjectRecord,
  { wanted, ...by }: { wanted: Retention; bypasses: boolean; nowMs: number },
): void {
  const { retention } = record;
  const isWeaker = retention?.mode === "COMPLIANCE" && wanted.mode === "GOVERNANCE";
  if (retention === undefined || (wanted.untilMs >= retention.untilMs && !isWeaker)) return;
  requireDeletable(record, by);
}

export function headersOf({ retention }: ObjectRecord): Record<string, string> {
  if (retention === undefined) return {};
  return {
    "x-amz-object-lock-mode": retention.mode,
    "x-amz-object-lock-retain-until-date": new Date(retention.untilMs).toISOString(),
  };
}

function valueOf(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(text)?.[1];
}

function modeOf(text: string | undefined): Retention["mode"] {
  if (text === "COMPLIANCE" || text === "GOVERNANCE") return text;
  throw malformed();
}

function untilOf(text: string | undefined, nowMs: number): number {
  const untilMs = Date.parse(text ?? "");
  if (Number.isNaN(untilMs)) throw new ServiceError("InvalidArgument", "The retain until date is no date");
  if (untilMs <= nowMs) throw new ServiceError("InvalidArgument", "The retain until date must be in the future!");
  return untilMs;
}

function malformed(): ServiceError {
  return new ServiceError("MalformedXML", "The XML you provided was not well-formed or did not validate.");
}

function noLock(): ServiceError {
  return new ServiceError("InvalidRequest", "Bucket is missing Object Lock Configuration");
}

function protectedByLock(): ServiceError {
  return new ServiceError("AccessDenied", "Access Denied because object protected by object lock.", { status: 403 });
}
