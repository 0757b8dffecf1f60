import { expect, it } from "vitest";
import { certificateIdentity, type KnownCertificates, maxKnownCertificates } from "./callers.ts";

it("refuses a certificate that is missing, unreadable or empty, and says what to do", () => {
  for (const pem of [undefined, "", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    expect(() => certificateIdentity(pem)).toThrow(expect.objectContaining({ code: "certificate_refused" }));
  }
});

/** Of an issuer that signed once and is gone. In time from 2026-11-25, 23:00, until 2026-11-27. */
const pem = `-----BEGIN CERTIFICATE-----
MIIB5TCCAYygAwIBAgIQAN9KCmKsZ5OFJLZ9E0nBCTAKBggqhkjOPQQDAjAQMQ4w
DAYDVQQDEwViZW5jaDAeFw0yNjExMjUyMzAwMDBaFw0yNjExMjcwMDAwMDBaMCkx
JzAlBgNVBAMMHmFwbF8wMW04YWpkczAweTA0Ynl4Yzk5aGRtaGZrMzBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABIdSvX+A8Rk8HJT5da1dPS5PsylVGj60C21GP7EK
JO3ZkvYiJ4kmQL5999Bul3P9hbX8HCSIGtKrAnfn7dFgdjyjga4wgaswDAYDVR0T
AQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwFgYDVR0lAQH/BAwwCgYIKwYBBQUHAwIw
UgYDVR0RBEswSYZHc3Rld2FyZDovL3Rlbl8wMW04YWpkczAweTA0Ynl4Yzk5aGRt
aGZrNC9hcGxfMDFtOGFqZHMwMHkwNGJ5eGM5OWhkbWhmazMwHwYDVR0jBBgwFoAU
edJoH+uSiWvwT957UmOSAONwJk4wCgYIKoZIzj0EAwIDRwAwRAIgJq7hCSApQ5mz
CE+5Y043LleOH8Rtlui0be1nK1AIRvACIGSS5QZmbyRt63CBVkCTXlEWRtClkCDW
YFFE2lKk1YMO
-----END CERTIFICATE-----
`;
const inTimeMs = Date.parse("2026-11-26T12:00:00Z");
const node = {
  kind: "node",
  nodeId: "apl_01m8ajds00y04byxc99hdmhfk3",
  tenantId: "ten_01m8ajds00y04byxc99hdmhfk4",
  fingerprint: "6fe0d79b23d8494d10dc5a2c11a4dbf9496b11804a2cdfeb43591ab62c88fec9",
};
const refused = expect.objectContaining({ code: "certificate_refused" });

it("reads a known certificate once, and looks at its time with each call", () => {
  const known: KnownCertificates = new Map();
  const first = certificateIdentity(pem, { validAtMs: inTimeMs, known });
  expect(first).toEqual(node);
  expect(certificateIdentity(pem, { validAtMs: inTimeMs + 1, known })).toBe(first);
  for (const validAtMs of [Date.parse("2026-11-27T00:00:00Z"), Date.parse("2026-11-25T22:59:59Z")]) {
    expect(() => certificateIdentity(pem, { validAtMs, known })).toThrow(refused);
  }
  expect(() => certificateIdentity(pem.replace("MIIB", "MIIC"), { validAtMs: inTimeMs, known })).toThrow(refused);
  expect(known.size).toBe(1);
});

it("knows a bounded number of certificates, and forgets the one that came first", () => {
  const known: KnownCertificates = new Map();
  const texts = Array.from({ length: maxKnownCertificates + 1 }, (_, at) => `${pem}${at}`);
  const [oldest = ""] = texts;
  certificateIdentity(oldest, { known });
  const [read] = known.values();
  if (read === undefined) throw new Error("it was not kept");
  for (const text of texts.slice(0, -1)) known.set(text, read);
  certificateIdentity(texts.at(-1), { known });
  expect(known.size).toBe(maxKnownCertificates);
  expect([known.has(oldest), known.has(texts.at(-1) ?? "")]).toEqual([false, true]);
});
