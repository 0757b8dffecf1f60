import fc from "fast-check";
import { expect, test } from "vitest";
import { readOutsideUrl } from "./outside-url.ts";

test.each([
  "https://login.example.com",
  "https://login.example.com/",
  "https://LOGIN.example.com/a?b=c#d",
  "https://login.example.com:443/",
  "https://login.example.com:8443/x",
  "https://xn--bcher-kva.example/",
  "https://8.8.8.8/",
  "https://[2606:4700::1111]/",
])("is fetched: %s", (url) => {
  expect(readOutsideUrl(url).secure).toBe(true);
});

test.each([
  ["plain HTTP", "http://login.example.com/"],
  ["another scheme", "ftp://login.example.com/"],
  ["a file", "file:///etc/passwd"],
  ["data", "data:text/plain,hello"],
  ["no scheme", "login.example.com"],
  ["nothing", ""],
  ["a blank before it", " https://login.example.com/"],
  ["a line break inside", "https://login.example.com/\r\nx: y"],
  ["a tab in the host", "https://log\tin.example.com/"],
  ["a user name", "https://user@login.example.com/"],
  ["an empty user name", "https://@login.example.com/"],
  ["a name that looks like the host", "https://login.example.com@169.254.169.254/"],
  ["a backslash", "https://login.example.com\\@169.254.169.254/"],
  ["one slash", "https:/login.example.com/"],
  ["a single label", "https://localhost/"],
  ["a single label", "https://metadata/"],
  ["a trailing dot", "https://login.example.com./"],
  ["a trailing dot after an address", "https://127.0.0.1./"],
  ["SSH's port", "https://login.example.com:22/"],
  ["mail's port", "https://login.example.com:25/"],
  ["port 0", "https://login.example.com:0/"],
  ["letters that are not ASCII", "https://bücher.example/"],
  ["full-width digits", "https://１２７.0.0.1/"],
  ["an ideographic full stop", "https://127。0。0。1/"],
  ["an encoded letter", "https://%6cogin.example.com/"],
  ["loopback", "https://127.0.0.1/"],
  ["loopback, short", "https://127.1/"],
  ["loopback, one number", "https://2130706433/"],
  ["loopback, hexadecimal", "https://0x7f000001/"],
  ["loopback, hexadecimal parts", "https://0x7f.0.0.0x1/"],
  ["loopback, octal", "https://0177.0.0.1/"],
  ["a public address, octal", "https://010.8.8.8/"],
  ["loopback of IPv6", "https://[::1]/"],
  ["loopback of IPv6, long", "https://[0:0:0:0:0:0:0:1]/"],
  ["mapped", "https://[::ffff:127.0.0.1]/"],
  ["metadata", "https://169.254.169.254/latest/meta-data/"],
  ["metadata", "https://[fd00:ec2::254]/"],
  ["too long", `https://login.example.com/${"x".repeat(2_000)}`],
])("is refused, %s: %s", (_what, url) => {
  expect(() => readOutsideUrl(url)).toThrow(
    expect.objectContaining({ code: "unprocessable", next: expect.any(String) }),
  );
});

test("what the installation lists is taken without TLS, and nothing beside it", () => {
  const listed = new Set(["127.0.0.1:4444"]);
  expect(readOutsideUrl("http://127.0.0.1:4444/x", listed)).toMatchObject({ listed: true, secure: false });
  expect(() => readOutsideUrl("http://127.0.0.1:4445/x", listed)).toThrow();
  expect(() => readOutsideUrl("http://127.1:4444/x", listed)).toThrow();
  expect(() => readOutsideUrl("http://localhost:4444/x", listed)).toThrow();
});

test("every spelling of a non-public IPv4 address is refused, and no spelling changes the host", () => {
  const part = fc.integer({ min: 0, max: 255 });
  const spell = fc.constantFrom(
    (n: number) => String(n),
    (n: number) => `0${n.toString(8)}`,
    (n: number) => `0x${n.toString(16)}`,
    (n: number) => `00${n}`,
  );
  fc.assert(
    fc.property(
      fc.tuple(part, part, part, part),
      fc.tuple(spell, spell, spell, spell),
      fc.constantFrom(1, 2, 3, 4),
      ([a, b, c, d], [sa, sb, sc, sd], parts) => {
        const tails = [((a * 256 + b) * 256 + c) * 256 + d, (b * 256 + c) * 256 + d, c * 256 + d, d];
        const host = [sa(a), sb(b), sc(c)]
          .slice(0, parts - 1)
          .concat(sd(tails[parts - 1] ?? 0))
          .join(".");
        const plain = `${a}.${b}.${c}.${d}`;
        let understood: string | undefined;
        try {
          understood = readOutsideUrl(`https://${host}/`).host;
        } catch {
          return;
        }
        expect(host).toBe(plain);
        expect(understood).toBe(plain);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("no text leads to another host than the one it shows, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      try {
        const { url } = readOutsideUrl(`https://${text}`);
        expect(text.toLowerCase().startsWith(url.host)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: "unprocessable" });
      }
    }),
    { numRuns: 2_000 },
  );
});
