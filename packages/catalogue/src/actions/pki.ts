import type { Variables } from "@steward/contracts/actions";
import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { hostName } from "../variables.ts";

export const pkiCaSetup = defineAction({
  id: "pki.ca.setup",
  title: "Set up a certificate authority",
  kind: "state",
  playbook: "pki_ca_setup",
  variables: z.strictObject({}),
  risk: { base: "medium", rules: [] },
  examples: [
    "set up a certificate authority",
    "set up a ca",
    "set up a local ca",
    "install a private certificate authority",
    "make this box a certificate authority",
    "configure a local certificate authority",
    "we need our own ca",
    "create a certificate authority",
    "we need a certificate authority",
    "set up pki",
  ],
  words: ["ca", "certificate", "authority", "root", "tls", "ssl", "https", "x509", "trust", "pki", "install", "enable"],
  undo: "recorded",
  timeoutSeconds: 300,
});

/** What browsers take from an authority that somebody added: 825 days; and a year where nothing is said. */
const maxDays = 825;
const assumedDays = 365;

export const pkiCertificateIssue = defineAction({
  id: "pki.certificate.issue",
  title: "Issue a certificate for a host",
  kind: "state",
  playbook: "pki_certificate_issue",
  variables: z.strictObject({ hostname: hostName, days: z.int().min(1).max(maxDays).optional() }),
  hints: {
    hostname: { question: "For which host name is the certificate?" },
    days: { question: "For how many days should it be valid?", unit: "days" },
  },
  risk: {
    base: "low",
    rules: [
      {
        variable: "days",
        pattern: "^(?:39[89]|[4-9][0-9]{2}|[1-9][0-9]{3,})$",
        risk: "medium",
        why: "is valid for over 13 months, and cannot be called back",
      },
    ],
  },
  examples: [
    "issue a certificate for {hostname}",
    "issue a certificate for {hostname} for {days} days",
    "issue a certificate for {hostname} valid for {days} days",
    "create a certificate for {hostname}",
    "create a tls certificate for {hostname}",
    "set up https for {hostname}",
    "we need an ssl certificate for {hostname}",
    "{hostname} needs a certificate",
    "give {hostname} a certificate",
    "sign a certificate for {hostname}",
  ],
  // `authority` and `ca` so that neither is taken for a host: "create a certificate authority" is another action.
  words: [
    "cert",
    "tls",
    "ssl",
    "https",
    "x509",
    "host",
    "encrypt",
    "encryption",
    "sign",
    "pem",
    "authority",
    "ca",
    "validity",
  ],
  requires: ["pki.ca.setup"],
  defaults: (_facts, variables): Variables => (variables["days"] === undefined ? { days: assumedDays } : {}),
  undo: "recorded",
  timeoutSeconds: 120,
});

export const pkiCertificateRenew = defineAction({
  id: "pki.certificate.renew",
  title: "Renew the certificate of a host",
  kind: "command",
  playbook: "pki_certificate_renew",
  variables: z.strictObject({ hostname: hostName }),
  hints: { hostname: { question: "Which host's certificate should be renewed?", choicesFrom: "certificates" } },
  // The former one stays in force until the new one has proved good, and comes back with an undo.
  risk: { base: "low", rules: [] },
  examples: [
    "renew the certificate of {hostname}",
    "renew the certificate for {hostname}",
    "renew {hostname}'s certificate",
    "renew the tls certificate of {hostname}",
    "the certificate of {hostname} expires, renew it",
    "replace the certificate of {hostname}",
    "extend the certificate of {hostname}",
    "refresh the certificate of {hostname}",
  ],
  words: [
    "cert",
    "tls",
    "ssl",
    "https",
    "x509",
    "expire",
    "expiring",
    "expired",
    "extend",
    "renewal",
    "replace",
    "refresh",
    "authority",
    "ca",
  ],
  requires: ["pki.ca.setup"],
  undo: "recorded",
  timeoutSeconds: 120,
});
