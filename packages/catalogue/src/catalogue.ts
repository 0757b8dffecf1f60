import type { Action } from "@steward/contracts/actions";
import { diskUsage } from "./actions/disk.ts";
import { dnsRecordAdd, dnsServerSetup } from "./actions/dns.ts";
import {
  mailAliasAdd,
  mailMailboxAdd,
  mailMailboxList,
  mailMailboxRemove,
  mailPasswordReset,
  mailServerSetup,
} from "./actions/mail.ts";
import { sambaServerSetup, sambaShareAdd } from "./actions/samba.ts";
import { serviceRestart } from "./actions/service.ts";
import { systemFacts, systemPing } from "./actions/system.ts";
import { usersAdd, usersList, usersRemove } from "./actions/users.ts";

/** Everything that a plan may use, in the order in which it is shown. */
export const catalogue: readonly Action[] = [
  usersAdd,
  usersRemove,
  usersList,
  sambaServerSetup,
  sambaShareAdd,
  dnsServerSetup,
  dnsRecordAdd,
  mailServerSetup,
  mailMailboxAdd,
  mailMailboxRemove,
  mailMailboxList,
  mailPasswordReset,
  mailAliasAdd,
  serviceRestart,
  diskUsage,
  systemFacts,
  systemPing,
];
