import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLine, textLine } from "./log-line.ts";
import { isSecretName, redact, redacted, redactText } from "./redact.ts";

const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const lower = upper.toLowerCase();
const digits = "0123456789";
const wordOf = (characters: string, length: number) =>
  fc
    .array(fc.constantFrom(...characters.split("")), { minLength: length, maxLength: length })
    .map((all) => all.join(""));
/** What nobody would find anywhere by chance. */
const canary = wordOf(lower + digits, 24).map((word) => `canary7${word}`);
const base64url = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString("base64url"));
const ownSecret = base64url(32).filter((text) => /[a-z]/.test(text) && /[A-Z]/.test(text) && /[\d_-]/.test(text));

/** Texts that hold a secret, with the piece that must be gone. */
const holding = fc.oneof(
  canary.map((secret) => ({ secret, text: `Authorization: Bearer ${secret}` })),
  canary.map((secret) => ({ secret, text: `{"headers":{"cookie":"sid=${secret}; path=/"}}` })),
  canary.map((secret) => ({ secret, text: `password=${secret}` })),
  canary.map((secret) => ({ secret, text: `+    db_password: ${secret}` })),
  canary.map((secret) => ({ secret, text: JSON.stringify({ refreshToken: `${secret} "and" more` }) })),
  canary.map((secret) => ({ secret, text: JSON.stringify(JSON.stringify({ passphrase: secret })) })),
  canary.map((secret) => ({ secret, text: `https://api.example/#login=${secret}` })),
  canary.map((secret) => ({ secret, text: `postgres://steward:${secret}@db/steward` })),
  canary.map((secret) => ({ secret, text: `https://b.s3/k?X-Amz-Date=1&X-Amz-Signature=${secret}&x=1` })),
  canary.map((secret) => ({ secret, text: `set the password of john to ${secret}, please` })),
  canary.map((secret) => ({ secret, text: `sk-ant-api03-${secret}` })),
  canary.map((secret) => ({ secret, text: `stw_${secret}` })),
  canary.map((secret) => ({ secret, text: `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----` })),
  canary.map((secret) => ({ secret, text: `-----BEGIN PRIVATE KEY-----\\n${secret}\\nand then it was cut` })),
  canary.map((secret) => ({ secret, text: `eyJhbGciOiJFUzI1NiJ9.${secret}.${secret}` })),
  wordOf(upper + digits, 16).map((secret) => ({ secret, text: `AKIA${secret} was refused` })),
  ownSecret.map((secret) => ({ secret, text: `token ${secret} is not known` })),
  fc.tuple(ownSecret, wordOf("0123456789abcdef", 64)).map(([secret, root]) => ({ secret, text: `${secret}.${root}` })),
);
type Holding = { secret: string; text: string };

const wrappings: ((text: string) => unknown)[] = [
  (text) => text,
  (text) => `before ${text} after`,
  (text) => ({ a: [{ b: text }] }),
  (text) => ({ url: encodeURIComponent(text) }),
  (text) => ({ url: `/x?next=${encodeURIComponent(encodeURIComponent(text))}` }),
  (text) => JSON.stringify({ body: text }),
  (text) => ({ body: Buffer.from(text).toString("base64"), isBase64Encoded: true }),
  (text) => Buffer.from(`{"body": ${JSON.stringify(text)}}`).toString("base64url"),
  (text) => new Error(text),
  (text) => new Error("outer", { cause: new TypeError(text) }),
  (text) => Object.assign(new Error("with fields"), { details: { text } }),
  (text) => new Map([["key", text]]),
  (text) => new Set([text]),
  (text) => ({ [text]: 1 }),
  (text) => ({ toJSON: () => ({ text }) }),
];

describe("no secret survives", () => {
  it.each(wrappings.map((wrap, place) => [place, wrap] as const))("in wrapping %i", (_place, wrap) => {
    fc.assert(
      fc.property(holding, ({ secret, text }: Holding) => {
        const line = jsonLine({ event: "x", value: wrap(text) });
        expect(line).not.toContain(secret);
        expect(line.trimEnd().split("\n")).toHaveLength(1);
        JSON.parse(line);
      }),
      { numRuns: 300 },
    );
  });

  it("in a field whose name says what it is, whatever the value looks like", () => {
    const names = [
      "password",
      "newPassword",
      "db_password",
      "STEWARD_API_KEY",
      "refreshToken",
      "accessToken",
      "Set-Cookie",
    ];
    const more = [
      "authorization",
      "Authorization",
      "private_key",
      "privateKey",
      "secretAccessKey",
      "x-api-key",
      "claimSecret",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...names, ...more, "clientSecret", "passphrase", "token", "userpassword"),
        fc.jsonValue(),
        (name, value) => {
          if (value === null || typeof value === "boolean" || value === "") return;
          expect(redact({ [name]: value })).toEqual({ [name]: redacted });
        },
      ),
    );
    for (const name of [
      "tokenId",
      "secretName",
      "promptTokens",
      "completionTokens",
      "tokens",
      "keyId",
      "monkey",
      "passed",
      "secretVersion",
    ])
      expect(isSecretName(name), name).toBe(false);
  });

  it("in a text of many of them", () => {
    fc.assert(
      fc.property(fc.array(holding, { minLength: 2, maxLength: 5 }), (all) => {
        const line = textLine(all.map(({ text }) => text).join("\n"));
        for (const { secret } of all) expect(line).not.toContain(secret);
      }),
    );
  });
});

describe("redaction", () => {
  const pieces = fc.constantFrom(
    "password",
    " is ",
    " to ",
    "=",
    ":",
    '"',
    "\\",
    "'",
    " ",
    "\n",
    "[redacted]",
    "[",
    "]",
    "Bearer ",
    "token",
    "Cookie: ",
    "%20",
    "%3D",
    "%",
    "eyJhbGciOi",
    ".",
    "stw_",
    "sk-",
    "AKIA",
    "#login=",
    "://",
    "@",
    "a1B2",
    "hunter22",
    "secret",
    ",",
    "&",
    "X-Amz-Signature",
    "-----BEGIN PRIVATE KEY-----",
    "cGFzc3dvcmQ9aHVudGVyMjI",
  );
  const anyText = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
    holding.map(({ text }) => text),
  );

  it("changes nothing that it has been through", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = redactText(text);
        expect(redactText(once)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue())), (value) => {
        const once = redact(value);
        expect(redact(once)).toEqual(once);
      }),
    );
  });

  it("never throws, whatever it is given", () => {
    const cyclic: Record<string, unknown> = { name: "a" };
    cyclic["self"] = cyclic;
    const hostile = [
      cyclic,
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
      {
        get x() {
          throw new Error("no");
        },
      },
      {
        toJSON() {
          throw new Error("no");
        },
      },
      Object.create(null),
      10n,
      Symbol("x"),
      new Date(Number.NaN),
      new Uint8Array(3),
      "\ud800",
      JSON.parse('{"__proto__":{"x":1}}'),
    ];
    for (const value of hostile) expect(typeof jsonLine({ value })).toBe("string");
    expect(redact(cyclic)).toEqual({ name: "a", self: "[circular]" });
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
        (value) => void jsonLine({ value }),
      ),
    );
  });

  it("is bounded: deep, wide and long things are cut, and say so", () => {
    let deep: unknown = "end";
    for (let level = 0; level < 5_000; level++) deep = { deep };
    expect(jsonLine({ deep })).toContain("[too deep]");
    expect(jsonLine({ wide: Array.from({ length: 10_000 }, (_, index) => index) })).toContain("[9500 more]");
    expect(jsonLine({ long: "x".repeat(1_000_000) }).length).toBeLessThan(40_000);
  });

  it("leaves a certificate as it is, whatever its last line reads as, and nothing else that is called one", () => {
    const line = "MIIBszCCAVmgAwIBAgIUe0q1n3yB0mK8Zr4Vd2cW9sXh5pQwCgYIKoZIzj0EAwIw";
    const block = (...lines: string[]) =>
      ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"].join("\n");
    for (const last of ["HgmPJmlAsBaPHPYHPw==", "HgmPJmlAsBaPHPYHXPw=", "HgmPJmlAsBaPHPYHtoken="]) {
      const certificate = block(line, last);
      expect(redactText(certificate)).toBe(certificate);
      expect(redactText(`${certificate}\npassword=hunter22 ${certificate}`)).toBe(
        `${certificate}\npassword=[redacted] ${certificate}`,
      );
    }
    const told = Buffer.from("my password=hunter22hunter22 and more of it here!!!").toString("base64");
    expect(redactText(block(line, told))).not.toContain(told);
    expect(redactText(block("password=hunter22"))).not.toContain("hunter22");
  });

  it("leaves what is no secret as it is: ids, hashes, metrics, addresses, stacks", () => {
    const harmless = [
      "run_01k2m3n4p5q6r7s8t9vwxyz012 is running",
      "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "reset the password of john",
      "the secret steward-local/anthropic is not set",
      "https://api.example/api/v1/tasks?cursor=abc",
      "/var/lib/steward-agent/work/2f/a-rather-long-name-of-a-directory",
      "1.2.3.4:443",
      "packages/functions/src/rotate-secrets.ts:14:3",
      "SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    ];
    for (const text of harmless) expect(redactText(text)).toBe(text);
    const metric = {
      _aws: {
        Timestamp: 1,
        CloudWatchMetrics: [
          { Namespace: "Steward", Dimensions: [["Stage", "Tier"]], Metrics: [{ Name: "Tokens", Unit: "Count" }] },
        ],
      },
      Stage: "prod",
      Tier: "claude",
      Tokens: 17,
    };
    expect(redact(metric)).toEqual(metric);
    const error = redact(new Error("plain")) as { stack: string; message: string };
    expect(error.message).toBe("plain");
    expect(error.stack).toContain("redact.test.ts");
  });

  it("is quick on texts made to slow it down", () => {
    const slow = [
      "password ".repeat(4_000),
      "a:".repeat(16_000),
      "%41".repeat(10_000),
      "Cookie: ".repeat(4_000),
      "A".repeat(32_000),
      "://".repeat(10_000),
      "token=\\\\\\".repeat(5_000),
      "the password of ".repeat(2_000),
      "eyJ".repeat(10_000),
      `x${" ".repeat(30_000)}y`,
    ];
    for (const text of slow) {
      const startedMs = performance.now();
      redactText(text);
      expect(performance.now() - startedMs, text.slice(0, 20)).toBeLessThan(1_500);
    }
  });
});
