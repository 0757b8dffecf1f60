import type { Variables } from "@steward/contracts/actions";
import type { RiskRules } from "@steward/contracts/risk";
import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { domainName, mailAddress, mailAlias, powerfulMailNames } from "../variables.ts";

const powerful = (variable: string): RiskRules["rules"][number] => ({
  variable,
  pattern: `^(?:${powerfulMailNames.join("|")})(?:@.*)?$`,
  risk: "high",
  why: "gets mail that speaks for the machine or the domain",
});

export const mailServerSetup = defineAction({
  id: "mail.server.setup",
  title: "Set up the mail server",
  kind: "state",
  playbook: "mail_server_setup",
  variables: z.strictObject({
    domain: domainName,
    // What other servers are told: without a domain of its own they would refuse it.
    hostname: domainName,
  }),
  hints: {
    domain: { question: "For which domain should the mail server take mail?", choicesFrom: "domains" },
    hostname: { question: "What is the mail server called, in full?" },
  },
  risk: { base: "medium", rules: [] },
  examples: [
    "set up mail for {domain}",
    "set up a mail server for {domain}",
    "set up the mail server {hostname} for {domain}",
    "install a mail server for the domain {domain}",
    "set up a mail server for {domain} called {hostname}",
    "make this box the mail server of {domain}",
    "configure postfix and dovecot for {domain}",
    "we need mail for {domain}",
  ],
  words: ["email", "postfix", "dovecot", "imap", "smtp", "mx", "install", "mailserver"],
  defaults: (_facts, { domain, hostname }): Variables =>
    typeof domain === "string" && hostname === undefined ? { hostname: `mail.${domain}` } : {},
  undo: "recorded",
  timeoutSeconds: 900,
});

export const mailMailboxAdd = defineAction({
  id: "mail.mailbox.add",
  title: "Add a mailbox",
  kind: "state",
  playbook: "mail_mailbox_add",
  variables: z.strictObject({
    address: mailAddress,
    quotaMb: z.int().min(1).max(1_048_576).optional(),
  }),
  hints: {
    address: { question: "Which address should the mailbox have?" },
    quotaMb: { question: "How many megabytes may it hold?", unit: "megabytes" },
  },
  risk: { base: "low", rules: [powerful("address")] },
  examples: [
    "add a mailbox {address}",
    "create a mailbox for {address}",
    "create the mail account {address}",
    "add the mailbox {address} with a quota of {quotaMb}",
    "create a mailbox {address} with a quota of {quotaMb} mb",
    "make a new mailbox {address} with {quotaMb} megabytes",
    "{address} needs a mailbox",
    "add the email address {address}",
  ],
  words: ["email", "inbox", "imap", "postbox", "mailbox", "mail", "new", "account", "address", "limit"],
  requires: ["mail.server.setup"],
  undo: "recorded",
  timeoutSeconds: 180,
  generates: ["password"],
});

export const mailMailboxRemove = defineAction({
  id: "mail.mailbox.remove",
  title: "Remove a mailbox",
  kind: "state",
  playbook: "mail_mailbox_remove",
  variables: z.strictObject({ address: mailAddress }),
  hints: { address: { question: "Which mailbox should be removed?", choicesFrom: "mailboxes" } },
  // Nothing is deleted: the mail is moved aside and comes back with an undo. Still, its mail is refused from now on.
  risk: { base: "medium", rules: [] },
  examples: [
    "remove the mailbox {address}",
    "delete the mailbox of {address}",
    "delete the mail account {address}",
    "remove {address}'s mailbox",
    "drop the mailbox for {address}",
    "close the mailbox {address}",
    "remove the email address {address}",
  ],
  words: ["email", "inbox", "mailbox", "mail", "offboard", "left", "gone"],
  requires: ["mail.server.setup"],
  undo: "recorded",
  timeoutSeconds: 180,
});

export const mailMailboxList = defineAction({
  id: "mail.mailbox.list",
  title: "List the mailboxes",
  kind: "read",
  playbook: "mail_mailbox_list",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "list mailboxes",
    "list all mailboxes",
    "show the mailboxes",
    "which mailboxes are there",
    "who has a mailbox",
    "what mailboxes exist",
    "show me every mailbox",
    "how full are the mailboxes",
  ],
  words: ["email", "inboxes", "mail", "addresses", "enumerate", "quota", "overview", "everybody", "everyone"],
  requires: ["mail.server.setup"],
  undo: "none",
  timeoutSeconds: 60,
});

export const mailPasswordReset = defineAction({
  id: "mail.password.reset",
  title: "Reset the password of a mailbox",
  kind: "command",
  playbook: "mail_password_reset",
  variables: z.strictObject({ address: mailAddress }),
  hints: { address: { question: "Whose mail password should be reset?", choicesFrom: "mailboxes" } },
  risk: {
    base: "medium",
    rules: [{ ...powerful("address"), why: "opens mail that speaks for the machine or the domain" }],
  },
  examples: [
    "reset the mail password of {address}",
    "reset the password of {address}",
    "reset the password for the mailbox {address}",
    "reset {address}'s mail password",
    "give {address} a new mail password",
    "{address} forgot the mail password",
    "make a new password for the mailbox {address}",
  ],
  words: ["email", "forgot", "lost", "login", "mailbox", "new", "imap"],
  requires: ["mail.server.setup"],
  undo: "recorded",
  timeoutSeconds: 120,
  generates: ["password"],
});

export const mailAliasAdd = defineAction({
  id: "mail.alias.add",
  title: "Add a mail alias",
  kind: "state",
  playbook: "mail_alias_add",
  variables: z
    .strictObject({ alias: mailAlias, target: mailAddress })
    .refine(({ alias, target }) => alias !== target, { path: ["target"], message: "must not be the alias itself" }),
  hints: {
    alias: { question: "Which address should the alias be?" },
    target: { question: "Who should get the mail?", choicesFrom: "mailboxes" },
  },
  // The target may be anywhere: what comes in for the alias then leaves the house.
  risk: { base: "medium", rules: [powerful("alias")] },
  examples: [
    "add a mail alias {alias} for {target}",
    "add the mail alias {alias} to {target}",
    "create an alias {alias} for {target}",
    "forward mail for {alias} to {target}",
    "mail for {alias} goes to {target}",
    "send mail for {alias} to {target}",
    "let {target} have the mail of {alias}",
    "make {alias} an alias of {target}",
  ],
  words: [
    "email",
    "forward",
    "redirect",
    "forwarding",
    "address",
    "alias",
    "everything",
    "receive",
    "arrive",
    "come",
    "reachable",
  ],
  requires: ["mail.server.setup"],
  undo: "recorded",
  timeoutSeconds: 120,
});
