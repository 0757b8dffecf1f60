/*
 * The families of keys. What belongs to a tenant is under `T#<tenant>#…`; what the system looks up before it knows the
 * tenant, and what it looks through for all of them, is under `SYS#…`, and every such family stands here. Code that acts
 * for a tenant reaches its own `T#` family, and of the `SYS#` ones exactly what `forTenant` says (`tenant-fence.ts` holds
 * it to that). A record whose family is missing here fails `test/lint/table.test.ts`.
 */

/** What is done with an item. `check`: a condition of a transaction; `query`: a partition is listed. */
export type KeyOperation = "get" | "query" | "put" | "update" | "delete" | "check";

export type KeyedItem = Record<string, unknown>;

export interface KeyFamily {
  /** Its partition keys: this, or this and what follows `#`. */
  partition: `SYS#${string}`;
  /** What code that acts for a tenant may do here, and why it must. Absent: nothing. */
  forTenant?: {
    operations: readonly KeyOperation[];
    why: string;
    /** Only these of the family's partitions: what follows the name. */
    only?: (rest: string, tenantId: string) => boolean;
    /** Whose an item is. One of another tenant is withheld from what is read. */
    ownerOf?: (item: KeyedItem) => string | undefined;
  };
}

const stateTenant = (item: KeyedItem): string | undefined => textIn(fieldsIn(item["state"])["tenantId"]);

export const keyFamilies = {
  presence: {
    partition: "SYS#PRESENCE",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "a node's health and its doorbell: by the ids of the tenant's own nodes; a shard is never listed",
      ownerOf: (item) => textIn(item["t"]),
    },
  },
  person: {
    partition: "SYS#PERSON",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "the gate asks which role requester and approver have now, and admins invite and change the tenant's people; the provider's staff are people of no tenant, and a person of several is one record",
    },
  },
  people: {
    partition: "SYS#PEOPLE",
    forTenant: {
      operations: ["query"],
      why: "the gate counts who else could approve, and admins list the tenant's people; those with grants in several tenants are filtered by the record",
      only: (rest, tenantId) => [tenantId, "*", "several"].includes(rest),
    },
  },
  freeze: {
    partition: "SYS#FREEZE",
    forTenant: {
      operations: ["get", "query"],
      why: "a freeze of everything holds in every tenant; to make or end one is the provider's",
    },
  },
  gateEpoch: {
    partition: "SYS#GATE",
    forTenant: {
      operations: ["get", "check"],
      why: "a start is committed only while nobody has frozen everything since the gate looked",
    },
  },
  enrolment: {
    partition: "SYS#ENROLMENT",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "an invitation is made for the tenant and used up by its node; it is found by a hash of its token only",
      ownerOf: stateTenant,
    },
  },
  certificate: {
    partition: "SYS#CERTIFICATE",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "certificates of the tenant's own nodes and people are issued, renewed and revoked; found by fingerprint only",
      ownerOf: stateTenant,
    },
  },
  unsealedAudit: { partition: "SYS#AUDIT" },
  sealHead: { partition: "SYS#SEAL" },
  session: {
    partition: "SYS#SESSION",
    forTenant: {
      operations: ["put"],
      why: "an admin makes a one-time link for one of the tenant's people; what sessions there are, only the system reads",
    },
  },
  token: {
    partition: "SYS#TOKEN",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "admins make and revoke the tenant's tokens, and the gate asks what one that asked may do now; the provider's staff have tokens that are of no customer",
    },
  },
  tokens: {
    partition: "SYS#TOKENS",
    forTenant: {
      operations: ["query"],
      why: "the tenant's own tokens",
      only: (rest, tenantId) => rest === tenantId,
    },
  },
  issuer: {
    partition: "SYS#ISSUER",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "admins add and remove the tenant's own issuers",
      ownerOf: stateTenant,
    },
  },
  issuers: {
    partition: "SYS#ISSUERS",
    forTenant: {
      operations: ["query"],
      why: "the tenant's own issuers",
      only: (rest, tenantId) => rest === tenantId,
    },
  },
  admins: {
    partition: "SYS#ADMINS",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "of two admins of the tenant who leave at once, one is told of the other",
      only: (rest, tenantId) => rest === tenantId,
    },
  },
  identity: { partition: "SYS#IDENTITY" },
  wait: {
    partition: "SYS#WAIT",
    forTenant: {
      operations: ["update"],
      why: "the places that a principal has to wait in, in all of its tenants together; who asks is told nothing of them",
    },
  },
  ssm: {
    partition: "SYS#SSM",
    forTenant: {
      operations: ["get", "put", "update"],
      why: "a machine that SSM is to know is counted among those of all tenants; the number is all that is there",
    },
  },
  rate: { partition: "SYS#RATE" },
  tenants: { partition: "SYS#TENANTS" },
  escalated: { partition: "SYS#ESCALATED" },
  queuedJobs: { partition: "SYS#QUEUED" },
  lanes: {
    partition: "SYS#LANES",
    forTenant: {
      operations: ["update"],
      why: "a tenant's job is counted among those of all; who counts is told sums of a minute, which name nobody",
    },
  },
  work: {
    partition: "SYS#WORK",
    forTenant: {
      operations: ["update"],
      why: "a tenant's job is counted in its worker's day; who counts is told sums of that day, which name no tenant",
    },
  },
  due: { partition: "SYS#DUE" },
  schedules: { partition: "SYS#SCHEDULES" },
  health: { partition: "SYS#HEALTH" },
  sweep: { partition: "SYS#SWEEP" },
} as const satisfies Record<string, KeyFamily>;

export type KeyFamilyName = keyof typeof keyFamilies;

const byPartition = new Map<string, { name: KeyFamilyName; family: KeyFamily }>(
  Object.entries(keyFamilies).map(([name, family]) => [family.partition, { name: name as KeyFamilyName, family }]),
);

/** The family of a `SYS#` partition key, and what follows its name. */
export function familyOf(partitionKey: string): { name: KeyFamilyName; family: KeyFamily; rest: string } | undefined {
  const [sys, word, ...rest] = partitionKey.split("#");
  const found = byPartition.get(`${sys}#${word}`);
  return found === undefined ? undefined : { ...found, rest: rest.join("#") };
}

/** An attribute's text, as the wire has it or as the document client reads it. */
export function textIn(value: unknown): string | undefined {
  const text = typeof value === "object" && value !== null && "S" in value ? value.S : value;
  return typeof text === "string" ? text : undefined;
}

function fieldsIn(value: unknown): Record<string, unknown> {
  const fields = typeof value === "object" && value !== null && "M" in value ? value.M : value;
  return typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>) : {};
}
