/** Where the page of a record is, by what its id begins with. */
export type RecordPage =
  | { to: "/tasks/$taskId"; params: { taskId: string } }
  | { to: "/appliances/$nodeId"; params: { nodeId: string } }
  | { to: "/workers/$nodeId"; params: { nodeId: string } }
  | { to: "/schedules/$scheduleId"; params: { scheduleId: string } }
  | { to: "/tenants/$tenantId"; params: { tenantId: string } }
  | { to: "/people" | "/tokens" | "/freezes" | "/certificates" | "/notifications" };

export function recordPage(record: string): RecordPage | undefined {
  // An id alone: `tsk_… run_…` is of several, and the first is the page.
  const id = /^[a-z]{3}_[0-9a-z]+/.exec(record)?.[0];
  if (id === undefined) return undefined;
  switch (id.slice(0, 3)) {
    case "tsk":
      return { to: "/tasks/$taskId", params: { taskId: id } };
    case "apl":
      return { to: "/appliances/$nodeId", params: { nodeId: id } };
    case "wrk":
      return { to: "/workers/$nodeId", params: { nodeId: id } };
    case "sch":
      return { to: "/schedules/$scheduleId", params: { scheduleId: id } };
    case "ten":
      return { to: "/tenants/$tenantId", params: { tenantId: id } };
    case "per":
      return { to: "/people" };
    case "tok":
      return { to: "/tokens" };
    case "frz":
    case "win":
      return { to: "/freezes" };
    case "crt":
      return { to: "/certificates" };
    case "ntf":
      return { to: "/notifications" };
    default:
      return undefined;
  }
}

/** `approve-plan` → `approve plan`; what was refused stands out. */
export function verbOf(what: string): { text: string; wasRefused: boolean } {
  const refused = /^denied-(.+)$/.exec(what)?.[1];
  if (refused !== undefined) return { text: `refused: ${refused.replaceAll("-", " ")}`, wasRefused: true };
  return { text: what.replaceAll("-", " "), wasRefused: false };
}
