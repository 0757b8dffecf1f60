import fc from "fast-check";
import { expect, test } from "vitest";
import { isLoopbackAddress, isPublicAddress } from "./public-address.ts";

test.each([
  ["loopback", "127.0.0.1"],
  ["loopback", "127.255.255.254"],
  ["loopback", "::1"],
  ["unspecified", "0.0.0.0"],
  ["unspecified", "::"],
  ["this network", "0.1.2.3"],
  ["private", "10.1.2.3"],
  ["private", "172.16.0.1"],
  ["private", "172.31.255.255"],
  ["private", "192.168.1.1"],
  ["private", "fd12:3456::1"],
  ["an instance's metadata", "169.254.169.254"],
  ["an instance's metadata", "fd00:ec2::254"],
  ["a container's credentials", "169.254.170.2"],
  ["link-local", "fe80::1"],
  ["link-local with a zone", "fe80::1%eth0"],
  ["a public one with a zone", "2600::1%eth0"],
  ["site-local", "fec0::1"],
  ["a carrier's NAT", "100.64.0.1"],
  ["a carrier's NAT", "100.127.255.255"],
  ["multicast", "224.0.0.1"],
  ["multicast", "ff02::1"],
  ["broadcast", "255.255.255.255"],
  ["reserved", "240.0.0.1"],
  ["documentation", "192.0.2.1"],
  ["documentation", "198.51.100.7"],
  ["documentation", "203.0.113.9"],
  ["documentation", "2001:db8::1"],
  ["documentation", "3fff::1"],
  ["benchmarks", "198.18.0.1"],
  ["IPv4-mapped", "::ffff:127.0.0.1"],
  ["IPv4-mapped, in hexadecimal", "::ffff:7f00:1"],
  ["IPv4-mapped, of a public address", "::ffff:8.8.8.8"],
  ["IPv4-compatible", "::127.0.0.1"],
  ["translated (NAT64)", "64:ff9b::7f00:1"],
  ["translated, local", "64:ff9b:1::7f00:1"],
  ["6to4", "2002:7f00:1::1"],
  ["Teredo", "2001:0:7f00:1::1"],
  ["discard", "100::1"],
  ["no address", "example.com"],
  ["a short spelling", "127.1"],
  ["a hexadecimal spelling", "0x7f000001"],
  ["nothing", ""],
])("%s is not public: %s", (_what, address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  "8.8.8.8",
  "1.1.1.1",
  "93.184.215.14",
  "100.63.255.255",
  "100.128.0.1",
  "172.32.0.1",
  "2606:4700::1111",
  "2a00:1450::1",
])("%s is public", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test("whatever an IPv6 address carries inside, it is public only below 2000::/3", () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const first = Number.parseInt(address.split(":")[0] || "0", 16);
      if (first < 0x2000 || first > 0x3fff) expect(isPublicAddress(address)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("no IPv4 address is both public and of this machine, and an IPv6 form of it is never public", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      expect(isPublicAddress(address) && isLoopbackAddress(address)).toBe(false);
      for (const form of [`::ffff:${address}`, `::${address}`, `::ffff:${hex}`, `64:ff9b::${hex}`, `2002:${hex}::1`]) {
        expect(isPublicAddress(form)).toBe(false);
      }
    }),
  );
});
