import type { Action } from "@steward/contracts/actions";
import { agentUpgrade } from "./actions/agent.ts";
import { diskUsage } from "./actions/disk.ts";
import { dnsRecordAdd, dnsRecordRemove, dnsServerSetup } from "./actions/dns.ts";
import { firewallPortClose, firewallPortOpen } from "./actions/firewall.ts";
import { journalShow } from "./actions/journal.ts";
import {
  mailAliasAdd,
  mailMailboxAdd,
  mailMailboxList,
  mailMailboxRemove,
  mailPasswordReset,
  mailServerSetup,
} from "./actions/mail.ts";
import { packagesUpdate } from "./actions/packages.ts";
import { pkiCaSetup, pkiCertificateIssue, pkiCertificateRenew } from "./actions/pki.ts";
import { sambaPasswordReset, sambaServerSetup, sambaShareAdd, sambaShareRemove } from "./actions/samba.ts";
import { serviceRestart, serviceStatus } from "./actions/service.ts";
import { shellRun } from "./actions/shell.ts";
import { systemFacts, systemPing, systemReboot } from "./actions/system.ts";
import { usersAdd, usersList, usersLock, usersPasswordReset, usersRemove, usersUnlock } from "./actions/users.ts";

/** Everything that a plan may use, in the order in which it is shown. */
export const catalogue: readonly Action[] = [
  usersAdd,
  usersRemove,
  usersLock,
  usersUnlock,
  usersPasswordReset,
  usersList,
  sambaServerSetup,
  sambaShareAdd,
  sambaShareRemove,
  sambaPasswordReset,
  dnsServerSetup,
  dnsRecordAdd,
  dnsRecordRemove,
  mailServerSetup,
  mailMailboxAdd,
  mailMailboxRemove,
  mailMailboxList,
  mailPasswordReset,
  mailAliasAdd,
  pkiCaSetup,
  pkiCertificateIssue,
  pkiCertificateRenew,
  serviceRestart,
  serviceStatus,
  packagesUpdate,
  firewallPortOpen,
  firewallPortClose,
  diskUsage,
  journalShow,
  systemFacts,
  systemPing,
  systemReboot,
  agentUpgrade,
  shellRun,
];
