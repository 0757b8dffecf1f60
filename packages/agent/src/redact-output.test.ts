import fc from "fast-check";
import { expect, it } from "vitest";
import { createOutputRedactor } from "./redact-output.ts";

/** What comes out when the bytes come in pieces of these sizes. */
function through(bytes: Buffer, sizes: readonly number[]): Buffer {
  const out: Buffer[] = [];
  const redactor = createOutputRedactor((part) => out.push(Buffer.from(part)));
  let from = 0;
  for (const size of sizes) {
    void redactor.write(bytes.subarray(from, from + size));
    from += size;
  }
  void redactor.write(bytes.subarray(from));
  redactor.end();
  return Buffer.concat(out);
}
const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
const canary = "canary7qwertzuiop123";
const keyText = `-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49${canary}\n${canary}==\n-----END PRIVATE KEY-----\n`;

it("holds back every secret, wherever the pieces are cut", () => {
  const secrets = [
    `+password = ${canary}`,
    `  "token": "${canary}"`,
    `Bearer ${canary}`,
    keyText,
    `db: mysql://a:${canary}@h/x`,
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(secrets, { minLength: 1 }), sizes, (some, cuts) => {
      const text = `TASK [set it up]\n${some.join("\nok: [localhost] => changed\n")}\nPLAY RECAP\nno end`;
      const out = through(Buffer.from(text), cuts).toString();
      expect(out).not.toContain(canary);
      expect(out.startsWith("TASK [set it up]\n")).toBe(true);
      expect(out.endsWith("PLAY RECAP\nno end")).toBe(true);
    }),
  );
});

it("passes everything else on byte by byte: text, other characters, and what is no text", () => {
  const calm = fc.array(
    fc.constantFrom("ok: [localhost]\n", "grüße 😀\n", "--- before\n", "+++ after\n", "\u0000\u001b[0m", "a", "\n"),
  );
  fc.assert(
    fc.property(calm, sizes, (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      expect(through(bytes, cuts).equals(bytes)).toBe(true);
    }),
  );
  const odd = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a, 0xc3, 0x28, 0x0a]);
  expect(through(odd, [1, 2, 3]).equals(odd)).toBe(true);
});

it("a line that never ends is passed on, in bounded memory", () => {
  let passed = 0;
  const redactor = createOutputRedactor((part) => {
    passed += part.length;
  });
  for (let piece = 0; piece < 100; piece++) void redactor.write(Buffer.alloc(10_000, ". "));
  expect(passed).toBeGreaterThan(900_000);
  redactor.end();
  expect(passed).toBe(1_000_000);
});

it("takes a megabyte of output in well under a second", () => {
  const line =
    "changed: [localhost] => (item={'name': 'nora', 'state': 'present', 'path': '/var/lib/steward/0123456789abcdef'})\n";
  const bytes = Buffer.from(line.repeat(Math.ceil(1_000_000 / line.length)));
  const startedMs = performance.now();
  expect(through(bytes, [4096, 65_536]).equals(bytes)).toBe(true);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});
