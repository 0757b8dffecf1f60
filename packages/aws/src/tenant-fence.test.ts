import { tableSchema } from "@steward/contracts/names";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KeyFamily, keyFamilies } from "./key-families.ts";
import { keysOfCommand } from "./keys-of-command.ts";
import { actFor, actForSystem, actingFor, judge } from "./tenant-fence.ts";

const mine = "ten_01hzzzzzzzzzzzzzzzzzzzzzzz";
const theirs = "ten_01hyyyyyyyyyyyyyyyyyyyyyyy";
const forMe = { kind: "tenant", tenantId: mine } as const;
const key = (pk: string) => ({ pk: { S: pk }, sk: { S: "x" } });

/** Every command there is that names keys, on one partition. */
const single: Record<string, (pk: string) => object> = {
  GetItemCommand: (pk) => ({ Key: key(pk) }),
  PutItemCommand: (pk) => ({ Item: key(pk) }),
  UpdateItemCommand: (pk) => ({ Key: key(pk) }),
  DeleteItemCommand: (pk) => ({ Key: key(pk) }),
  QueryCommand: (pk) => ({
    KeyConditionExpression: "#pk = :pk AND #sk > :sk",
    ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
    ExpressionAttributeValues: { ":pk": { S: pk }, ":sk": { S: "!" } },
  }),
};
/** Those that name many. */
const many: Record<string, (pks: string[]) => object> = {
  BatchGetItemCommand: (pks) => ({ RequestItems: { steward: { Keys: pks.map(key) } } }),
  BatchWriteItemCommand: (pks) => ({
    RequestItems: {
      steward: pks.map((pk, at) =>
        at % 2 === 0 ? { PutRequest: { Item: key(pk) } } : { DeleteRequest: { Key: key(pk) } },
      ),
    },
  }),
  TransactGetItemsCommand: (pks) => ({ TransactItems: pks.map((pk) => ({ Get: { Key: key(pk) } })) }),
  TransactWriteItemsCommand: (pks) => ({
    TransactItems: pks.map(
      (pk, at) =>
        [
          { Put: { Item: key(pk) } },
          { Update: { Key: key(pk) } },
          { Delete: { Key: key(pk) } },
          { ConditionCheck: { Key: key(pk) } },
        ][at % 4],
    ),
  }),
};
const commands: [string, (pks: string[]) => object][] = [
  ...Object.entries(single).map(([name, make]): [string, (pks: string[]) => object] => [name, ([pk = ""]) => make(pk)]),
  ...Object.entries(many),
];

const word = fc.stringMatching(/^[A-Z]{2,10}$/);
const own = fc.tuple(word, fc.string()).map(([family, rest]) => `T#${mine}#${family}#${rest}`);
const foreign = fc.oneof(
  fc.tuple(word, fc.string()).map(([family, rest]) => `T#${theirs}#${family}#${rest}`),
  // Look like one's own, and are not.
  fc.constantFrom(
    `T#${mine}`,
    `T#${mine}0#TASK`,
    `T#${mine.slice(0, -1)}#TASK`,
    ` T#${mine}#TASK`,
    `t#${mine}#TASK`,
    "",
  ),
  fc.string().filter((text) => !text.startsWith(`T#${mine}#`)),
  word
    .filter((name) => !Object.values(keyFamilies).some(({ partition }) => partition === `SYS#${name}`))
    .map((name) => `SYS#${name}#1`),
);

describe("the keys of a tenant's commands", () => {
  it("one's own pass, with every command", () => {
    fc.assert(
      fc.property(fc.constantFrom(...commands), fc.array(own, { minLength: 1, maxLength: 8 }), ([name, make], pks) => {
        expect(judge(forMe, keysOfCommand(name, make(pks)))).toBeUndefined();
      }),
    );
  });

  it("one foreign key refuses the whole, wherever it stands, and is not told", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...commands),
        fc.array(own, { maxLength: 8 }),
        foreign,
        fc.nat(),
        ([name, make], pks, other, at) => {
          const all = name in single ? [other] : pks.toSpliced(at % (pks.length + 1), 0, other);
          const refusal = judge(forMe, keysOfCommand(name, make(all)));
          expect(refusal).toBeTypeOf("string");
          expect(refusal).not.toContain(theirs);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("of the system's families exactly what the table says", () => {
    const operations = {
      get: "GetItemCommand",
      put: "PutItemCommand",
      update: "UpdateItemCommand",
      delete: "DeleteItemCommand",
      query: "QueryCommand",
    } as const;
    for (const family of Object.values(keyFamilies) as KeyFamily[]) {
      for (const [operation, name] of Object.entries(operations)) {
        const input = single[name]?.(`${family.partition}#${mine}`) ?? {};
        const passes = family.forTenant?.operations.includes(operation as keyof typeof operations) === true;
        expect([family.partition, operation, judge(forMe, keysOfCommand(name, input)) === undefined]).toEqual([
          family.partition,
          operation,
          passes,
        ]);
      }
    }
  });

  it("no index of the system's, and of the list of people only one's own part", () => {
    const query = (index: string, pk: string) => {
      const name = tableSchema.indexes.find((one) => one.name === index)?.partitionKey ?? "";
      return keysOfCommand("QueryCommand", {
        IndexName: index,
        KeyConditionExpression: `${name} = :pk`,
        ExpressionAttributeValues: { ":pk": { S: pk } },
      });
    };
    for (const pk of ["SYS#TENANTS", "SYS#QUEUED#express", `SYS#PEOPLE#${theirs}`, `T#${theirs}#TASK#running`]) {
      expect([pk, judge(forMe, query("gsi1", pk))]).toEqual([pk, expect.any(String)]);
    }
    expect(judge(forMe, query("due", "SYS#DUE#0"))).toBeTypeOf("string");
    for (const pk of [`SYS#PEOPLE#${mine}`, "SYS#PEOPLE#*", `T#${mine}#TASK#running`]) {
      expect([pk, judge(forMe, query("gsi1", pk))]).toEqual([pk, undefined]);
    }
  });

  it("an own item is not put where another tenant's index lists it, by a creation or by a change", () => {
    const pk = `T#${mine}#TASK`;
    for (const gsi1pk of [`T#${theirs}#TASK#running`, `T#${mine}#TASK#running`, "SYS#QUEUED#express"]) {
      const created = keysOfCommand("PutItemCommand", { Item: { ...key(pk), gsi1pk: { S: gsi1pk } } });
      const changed = keysOfCommand("UpdateItemCommand", {
        Key: key(pk),
        UpdateExpression: "SET #a = :a, #g = :g",
        ExpressionAttributeNames: { "#a": "state", "#g": "gsi1pk" },
        ExpressionAttributeValues: { ":a": { S: "x" }, ":g": { S: gsi1pk } },
      });
      for (const reach of [created, changed]) {
        expect([gsi1pk, judge(forMe, reach) !== undefined]).toEqual([gsi1pk, gsi1pk.includes(theirs)]);
      }
    }
    // What a customer writes is no key, whatever it looks like.
    const text = keysOfCommand("PutItemCommand", { Item: { ...key(pk), record: { S: `T#${theirs}#TASK` } } });
    expect(judge(forMe, text)).toBeUndefined();
  });
});

describe("what nobody can judge", () => {
  const scopes = [forMe, { kind: "system", why: "a test" } as const, undefined];

  it("is refused to everybody: scans, PartiQL, what is not known, and queries of no single partition", () => {
    const commandNames = [
      "ScanCommand",
      "ExecuteStatementCommand",
      "BatchExecuteStatementCommand",
      "ExecuteTransactionCommand",
    ];
    const queries = [
      {},
      { KeyConditionExpression: "#pk = :pk" },
      { KeyConditions: { pk: { AttributeValueList: [{ S: `T#${mine}#TASK` }], ComparisonOperator: "EQ" } } },
      { KeyConditionExpression: "sk = :pk", ExpressionAttributeValues: { ":pk": { S: `T#${mine}#TASK` } } },
      {
        IndexName: "gsi9",
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: `T#${mine}#A` } },
      },
      {
        KeyConditionExpression: "pk = :a AND pk = :b",
        ExpressionAttributeValues: { ":a": { S: `T#${mine}#A` }, ":b": { S: `T#${theirs}#A` } },
      },
    ];
    const reaches = [
      ...[...commandNames, "ListTablesCommand", "undefined", ""].map((name) =>
        keysOfCommand(name, { Key: key(`T#${mine}#A`) }),
      ),
      ...queries.map((query) => keysOfCommand("QueryCommand", query)),
      keysOfCommand("GetItemCommand", undefined),
      keysOfCommand("BatchGetItemCommand", { RequestItems: {} }),
      keysOfCommand("TransactWriteItemsCommand", { TransactItems: [{ Invented: { Key: key(`T#${mine}#A`) } }] }),
      keysOfCommand("BatchWriteItemCommand", { RequestItems: { t: [{ Invented: { Key: key(`T#${mine}#A`) } }] } }),
    ];
    for (const reach of reaches) for (const scope of scopes) expect(judge(scope, reach)).toBeTypeOf("string");
  });

  it("so is everything, where the code acts for nobody", () => {
    for (const [name, make] of commands) {
      expect(judge(undefined, keysOfCommand(name, make([`T#${mine}#TASK`])))).toMatch(/actFor/);
    }
  });

  it("a client for one family reaches no other, for nobody", () => {
    const presence = keysOfCommand("UpdateItemCommand", { Key: key("SYS#PRESENCE#7") });
    const person = keysOfCommand("GetItemCommand", { Key: key("SYS#PERSON#x") });
    expect(judge({ kind: "system", why: "only" }, presence, ["presence"])).toBeUndefined();
    expect(judge({ kind: "system", why: "only" }, person, ["presence"])).toMatch(/beyond presence/);
  });
});

describe("scopes", () => {
  it("last until the work has settled, apart from what runs beside it", async () => {
    const seen = await Promise.all(
      [mine, theirs].map((tenantId) =>
        actFor(tenantId, async () => {
          await Promise.resolve();
          return actingFor();
        }),
      ),
    );
    expect(seen).toEqual([mine, theirs]);
    expect(actingFor()).toBeUndefined();
  });

  it("a customer's leads to no other tenant; the system's and the provider's narrow to any", () => {
    expect(() => actFor(mine, () => actFor(theirs, () => 1))).toThrow("another one");
    expect(actFor(mine, () => actFor(mine, actingFor))).toBe(mine);
    expect(actFor("ten_provider", () => actFor(mine, actingFor))).toBe(mine);
    expect(actForSystem("a test", () => actFor(mine, actingFor))).toBe(mine);
    expect(actFor(mine, () => actForSystem("a test", actingFor))).toBeUndefined();
    for (const id of ["", `${mine}#TASK`]) expect(() => actFor(id, () => 1)).toThrow("tenant's id");
  });
});
