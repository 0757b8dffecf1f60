import { isIPv6 } from "node:net";
import type { Variables } from "@steward/contracts/actions";
import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { domainName, hostName, ipv4Pattern } from "../variables.ts";

export const dnsServerSetup = defineAction({
  id: "dns.server.setup",
  title: "Set up the name server",
  kind: "state",
  playbook: "dns_server_setup",
  variables: z.strictObject({ domain: domainName }),
  hints: { domain: { question: "Which domain should the name server serve?", choicesFrom: "domains" } },
  risk: { base: "medium", rules: [] },
  examples: [
    "set up dns for {domain}",
    "set up a dns server for {domain}",
    "install a name server for the domain {domain}",
    "make this box the name server of {domain}",
    "serve the domain {domain}",
    "configure dnsmasq for {domain}",
    "we need local dns for {domain}",
  ],
  words: ["nameserver", "dnsmasq", "resolver", "zone", "names", "install", "enable", "bind", "local"],
  undo: "recorded",
  timeoutSeconds: 600,
});

/** Each kind of record has its own shape of value; the schema of the field itself is what all of them share. */
const valueOf: Record<RecordType, { test: (value: string) => boolean; says: string }> = {
  A: { test: (value) => ipv4Pattern.test(value), says: "must be an IPv4 address such as 192.168.1.20" },
  AAAA: {
    test: (value) => isIPv6(value) && /^[0-9a-f:]+$/.test(value),
    says: "must be an IPv6 address such as fd00::20",
  },
  CNAME: { test: (value) => hostName.safeParse(value).success, says: "must be the host name that is meant" },
  MX: {
    test: (value) => {
      const [preference, host, ...rest] = value.split(" ");
      return rest.length === 0 && /^[1-9]?[0-9]{1,2}$/.test(preference ?? "") && hostName.safeParse(host).success;
    },
    says: "must be a preference and a host, such as 10 mail.home.example",
  },
  TXT: {
    test: (value) => /^[A-Za-z0-9][A-Za-z0-9 .:=_/+@~-]*$/.test(value),
    says: "must be up to 255 letters, digits, spaces and . : = _ / + @ ~ -",
  },
};

const recordTypes = ["A", "AAAA", "CNAME", "MX", "TXT"] as const;
type RecordType = (typeof recordTypes)[number];

export const dnsRecordAdd = defineAction({
  id: "dns.record.add",
  title: "Add a name to the name server",
  kind: "state",
  playbook: "dns_record_add",
  variables: z
    .strictObject({
      name: hostName,
      type: z.enum(recordTypes),
      value: z
        .string()
        .max(255)
        .regex(/^[A-Za-z0-9:][A-Za-z0-9 .:=_/+@~-]*$/, "must be what the record points to"),
      ttl: z.int().min(30).max(604_800).optional(),
    })
    .superRefine((variables, context) => {
      const rule = valueOf[variables.type];
      if (rule !== undefined && !rule.test(variables.value)) {
        context.addIssue({ code: "custom", path: ["value"], message: rule.says });
      }
      // dnsmasq knows no time of its own for the others, and would not use it.
      if (variables.ttl !== undefined && (variables.type === "MX" || variables.type === "TXT")) {
        const message = `is possible for A, AAAA and CNAME, not for ${variables.type}`;
        context.addIssue({ code: "custom", path: ["ttl"], message });
      }
    }),
  hints: {
    name: { question: "Which name should be added?" },
    type: { question: "Which type of record is it?" },
    value: { question: "What should the name point to?" },
    ttl: { question: "For how many seconds may others remember the answer?", unit: "seconds" },
  },
  risk: {
    base: "low",
    rules: [{ variable: "type", pattern: "^MX$", risk: "medium", why: "decides where the domain's mail goes" }],
  },
  examples: [
    "add an {type} record for {name} pointing to {value}",
    "add a dns record {name} {type} {value}",
    "create a {type} record {name} with the value {value}",
    "point {name} to {value}",
    "let {name} resolve to {value}",
    "add the dns name {name} for {value}",
    "add {type} record {name} with {value} and ttl {ttl}",
    "make {name} an alias of {value}",
  ],
  words: ["dns", "entry", "host", "address", "resolve", "name", "lookup", "alias", "cname", "zone", "ip"],
  requires: ["dns.server.setup"],
  // Only the address says which type is meant; nothing is assumed about a name.
  defaults: (_facts, variables): Variables => {
    const value = variables["value"];
    if (variables["type"] !== undefined || typeof value !== "string") return {};
    if (ipv4Pattern.test(value)) return { type: "A" };
    return isIPv6(value) ? { type: "AAAA" } : {};
  },
  undo: "recorded",
  timeoutSeconds: 180,
});

export const dnsRecordRemove = defineAction({
  id: "dns.record.remove",
  title: "Remove a name from the name server",
  kind: "state",
  playbook: "dns_record_remove",
  variables: z.strictObject({ name: hostName, type: z.enum(recordTypes) }),
  hints: {
    name: { question: "Which name should be removed?" },
    type: { question: "Which type of record is it?" },
  },
  // It comes back with an undo. Still, whoever goes by that name finds nothing from then on.
  risk: { base: "medium", rules: [] },
  examples: [
    "remove the {type} record {name}",
    "remove the {type} record of {name}",
    "delete the dns name {name}",
    "delete the dns record {name} {type}",
    "remove the dns entry for {name}",
    "take the {type} record of {name} out of dns",
    "drop the name {name} from the name server",
    "stop resolving {name}",
  ],
  words: ["dns", "entry", "host", "address", "lookup", "cname", "zone", "forget", "unpublish", "longer"],
  requires: ["dns.server.setup"],
  undo: "recorded",
  timeoutSeconds: 180,
});
