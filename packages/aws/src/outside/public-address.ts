import { BlockList, isIP } from "node:net";

/*
 * Which addresses are on the public internet, by IANA's registries of special-purpose addresses. A list of what is
 * refused for IPv4, where the rest is public; for IPv6 the one block that is given out at all (2000::/3), less what is
 * special in it. So the forms that carry an IPv4 address inside (mapped ::ffff:0:0/96, translated 64:ff9b::/96 and
 * 64:ff9b:1::/48), fd00:ec2::254 and whatever IANA gives a meaning later are refused without being named.
 */
const special = blocks("ipv4", [
  ["0.0.0.0", 8], // this host, unspecified
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // behind a carrier's NAT
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local: the metadata of instances, functions and containers
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // IETF protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.31.196.0", 24], // AS112
  ["192.52.193.0", 24], // AMT
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["192.175.48.0", 24], // AS112
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
]);
const special6 = blocks("ipv6", [
  ["2001::", 23], // IETF protocol assignments: Teredo, benchmarks, ORCHID
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["2620:4f:8000::", 48], // AS112
  ["3fff::", 20], // documentation
]);
const givenOut = blocks("ipv6", [["2000::", 3]]);
const loopback = blocks("ipv4", [["127.0.0.0", 8]]);

/** Whether `address`, as a resolver writes it, is one that the public internet reaches. Anything else is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, "ipv4");
    case 6:
      // A zone (`fe80::1%eth0`) belongs to what is not public.
      return !address.includes("%") && givenOut.check(address, "ipv6") && !special6.check(address, "ipv6");
    default:
      return false;
  }
}

/** This machine itself. */
export function isLoopbackAddress(address: string): boolean {
  return isIP(address) === 4 ? loopback.check(address, "ipv4") : address === "::1";
}

function blocks(family: "ipv4" | "ipv6", networks: [string, number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, family);
  return list;
}
