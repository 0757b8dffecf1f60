import fc from "fast-check";
import { expect, it } from "vitest";
import { createKnownSecrets } from "./known-secrets.ts";
import { createOutputRedactor } from "./redact-output.ts";
import { makeSecret } from "./step-secrets.ts";

const value = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 }),
  fc.constantFrom('pass"word\\with/signs+=&', "zwölf Boxkämpfer", "two\nlines of one", "%41%42%43%44"),
  fc.constant(undefined).map(() => makeSecret()),
);

it("hides a secret in every way that it is written in, whatever stands around it", () => {
  const around = fc.constantFrom("", "x", "xy", "password: ", '{"a":1}', "ü");
  fc.assert(
    fc.property(value, around, around, (secret, before, after) => {
      const known = createKnownSecrets();
      known.add(secret);
      const forms = [
        secret,
        JSON.stringify(secret),
        JSON.stringify(JSON.stringify(secret)),
        encodeURIComponent(secret),
        Buffer.from(secret).toString("hex"),
      ];
      for (const form of forms) {
        const out = known.hide(before + form + after);
        expect(out).toContain("[redacted]");
        expect(out).not.toContain(secret);
      }
      const whole = before + secret + after;
      for (const encoding of ["base64", "base64url"] as const) {
        const out = known.hide(Buffer.from(whole).toString(encoding));
        expect(Buffer.from(out.replace("[redacted]", ""), encoding).toString()).not.toContain(secret);
        expect(out).toContain("[redacted]");
      }
    }),
  );
});

it("hides it in output however that is cut into pieces, in bounded memory", () => {
  fc.assert(
    fc.property(value, fc.array(fc.nat(70_000), { maxLength: 6 }), fc.boolean(), (secret, cuts, hasLines) => {
      const known = createKnownSecrets();
      known.add(secret);
      let out = "";
      const redactor = createOutputRedactor((bytes) => (out += Buffer.from(bytes).toString("latin1")), known);
      const filler = (hasLines ? ". . . . .\n" : ". ").repeat(hasLines ? 9_000 : 45_000);
      const bytes = Buffer.from(`${filler}${secret}${filler}${JSON.stringify({ secret })}`);
      let from = 0;
      for (const size of cuts) {
        void redactor.write(bytes.subarray(from, from + size));
        from += size;
      }
      void redactor.write(bytes.subarray(from));
      redactor.end();
      expect(Buffer.from(out, "latin1").toString()).not.toContain(secret);
      expect(out.match(/redacted/g)?.length).toBeGreaterThanOrEqual(2);
    }),
    { numRuns: 40 },
  );
});

it("makes secrets that nobody guesses and everybody can type", () => {
  const made = Array.from({ length: 200 }, makeSecret);
  for (const secret of made) expect(secret).toMatch(/^(?:[a-hjkmnp-z2-9]{6}-){3}[a-hjkmnp-z2-9]{6}$/);
  expect(new Set(made).size).toBe(made.length);
});
