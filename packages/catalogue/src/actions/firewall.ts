import type { Variables } from "@steward/contracts/actions";
import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { networkSource, portNumber } from "../variables.ts";

const protocol = z.enum(["tcp", "udp"]).optional();
const protocolHint = { question: "Is it TCP or UDP?" };
/** Nobody says "tcp", and nearly everybody means it. */
const tcp = (variables: Variables): Variables => (variables["protocol"] === undefined ? { protocol: "tcp" } : {});
const ssh = {
  variable: "port",
  pattern: "^22$",
  risk: "high",
  why: "decides who can reach the appliance by ssh",
} as const;

export const firewallPortOpen = defineAction({
  id: "firewall.port.open",
  title: "Let a port be reached",
  kind: "state",
  playbook: "firewall_port_open",
  variables: z.strictObject({ port: portNumber, protocol, source: networkSource.optional() }),
  hints: {
    port: { question: "Which port?" },
    protocol: protocolHint,
    source: { question: "From which address or network alone?" },
  },
  risk: {
    base: "medium",
    rules: [
      ssh,
      {
        variable: "port",
        // Telnet, portmapper, NetBIOS and SMB, rsync, Docker, databases, RDP, VNC, Redis, Elasticsearch, memcached, MongoDB.
        pattern:
          "^(?:23|111|13[5-9]|445|873|1433|1521|237[56]|2049|3306|3389|5432|590[0-9]|6379|9200|9300|11211|2701[7-9])$",
        risk: "high",
        why: "opens a service that is not made for strangers",
      },
    ],
  },
  examples: [
    "open port {port}",
    "open the port {port} from {source}",
    "open {protocol} port {port}",
    "open {protocol} port {port} from {source}",
    "open port {port} in the firewall",
    "open port {port} with {protocol}",
    "allow port {port} in the firewall",
    "unblock port {port}",
  ],
  words: [
    "firewall",
    "nftables",
    "allow",
    "accept",
    "incoming",
    "reach",
    "reachable",
    "expose",
    "outside",
    "world",
    "internet",
  ],
  defaults: (_facts, variables) => tcp(variables),
  undo: "recorded",
  timeoutSeconds: 300,
});

export const firewallPortClose = defineAction({
  id: "firewall.port.close",
  title: "Let a port be reached no more",
  kind: "state",
  playbook: "firewall_port_close",
  variables: z.strictObject({ port: portNumber, protocol }),
  hints: { port: { question: "Which port?" }, protocol: protocolHint },
  risk: { base: "medium", rules: [ssh] },
  examples: [
    "close port {port}",
    "close the port {port} in the firewall",
    "close {protocol} port {port}",
    "close port {port} with {protocol}",
    "block port {port}",
    "block {protocol} port {port}",
    "shut port {port}",
  ],
  words: ["firewall", "nftables", "deny", "drop", "forbid", "incoming", "shut"],
  defaults: (_facts, variables) => tcp(variables),
  undo: "recorded",
  timeoutSeconds: 300,
});
