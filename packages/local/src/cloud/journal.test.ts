import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { openJournal } from "./journal.ts";

const folder = mkdtempSync(join(tmpdir(), "steward-journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(folder, `${files++}.journal`);

const changes = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b", "c", "d"),
    value: fc.option(fc.oneof(fc.string(), fc.integer(), fc.array(fc.string())), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 4 },
);

test("what was committed is there after reopening, whatever was cut off the end of the last line", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 8 }), fc.nat(), async (commits, cut) => {
      const file = newFile();
      const expected = new Map<string, unknown>();
      const journal = openJournal(file);
      for (const commit of commits.slice(0, -1)) await journal.commit(commit);
      await journal.close();
      for (const commit of commits.slice(0, -1))
        for (const { key, value } of commit)
          if (value === undefined) expected.delete(key);
          else expected.set(key, value);
      const whole = statSync(file).size;
      const last = openJournal(file);
      await last.commit(commits.at(-1) ?? []);
      await last.close();
      // A crash in the middle of the last write: any part of it, but not all.
      const size = statSync(file).size;
      truncateSync(file, whole + (cut % (size - whole)));
      const reopened = openJournal(file);
      expect(new Map(reopened.entries)).toEqual(expected);
      // And it goes on from there.
      await reopened.commit([{ key: "z", value: 1 }]);
      await reopened.close();
      const again = openJournal(file);
      expect(again.entries.get("z")).toBe(1);
      await again.close();
    }),
    { numRuns: 40 },
  );
});

test("damage in the middle is not mistaken for a torn end", async () => {
  const file = newFile();
  const journal = openJournal(file);
  for (let index = 0; index < 5; index++) await journal.commit([{ key: `k${index}`, value: "x".repeat(20) }]);
  await journal.close();
  const content = readFileSync(file);
  content[30] = (content[30] ?? 0) ^ 1;
  writeFileSync(file, content);
  expect(() => openJournal(file)).toThrow(/damaged at byte 0/);
});

test("garbage after the last line is cut off", async () => {
  const file = newFile();
  const journal = openJournal(file);
  await journal.commit([{ key: "a", value: 1 }]);
  await journal.close();
  appendFileSync(file, "0000");
  const reopened = openJournal(file);
  expect([...reopened.entries]).toEqual([["a", 1]]);
  await reopened.close();
});

test("a file that is mostly history is rewritten while commits go on, and loses none", async () => {
  const file = newFile();
  const journal = openJournal(file, { compactAboveBytes: 20_000 });
  const waits: Promise<void>[] = [];
  for (let index = 0; index < 3_000; index++) {
    waits.push(journal.commit([{ key: `k${index % 50}`, value: { index, text: "x".repeat(50) } }]));
    if (index % 20 === 0) await waits.at(-1);
  }
  await Promise.all(waits);
  await journal.close();
  expect(statSync(file).size).toBeLessThan(100_000);
  const reopened = openJournal(file);
  expect(reopened.entries.size).toBe(50);
  for (let index = 2_950; index < 3_000; index++)
    expect(reopened.entries.get(`k${index % 50}`)).toMatchObject({ index });
  await reopened.close();
});
