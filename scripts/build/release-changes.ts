import { canonical } from "@steward/contracts/canonical";
import type { ReleaseAction, ReleaseContent } from "@steward/contracts/release";

/**
 * What `npm run release` pins: this checkout's actions, and the builds of the agent that were pinned before along with
 * its own. Builds only get more: an appliance that has an older one must not find it unknown. Throws where a version that
 * was pinned has other bytes now, because appliances that have it would never learn of the new ones.
 */
export function nextRelease(before: ReleaseContent | undefined, built: ReleaseContent): ReleaseContent {
  const known = before?.agents ?? {};
  const changed = Object.entries(built.agents).filter(([version, sha256]) => (known[version] ?? sha256) !== sha256);
  if (changed.length > 0) {
    const versions = changed.map(([version]) => version).join(", ");
    throw new Error(
      `The agent ${versions} was released with other bytes. Raise it first: packages/agent/src/version.ts.`,
    );
  }
  return { ...built, agents: sorted({ ...known, ...built.agents }) };
}

/** The bytes of a release file: the same content gives the same ones. */
export function releaseText(content: ReleaseContent): string {
  return `${JSON.stringify({ v: content.v, actions: content.actions, agents: sorted(content.agents) }, null, 2)}\n`;
}

/** What is different, a line each, for whoever reviews the commit. Empty where nothing is. */
export function releaseChanges(before: ReleaseContent | undefined, after: ReleaseContent): string[] {
  const old = new Map(before?.actions.map((action) => [action.id, action]));
  const now = new Map(after.actions.map((action) => [action.id, action]));
  const lines: string[] = [];
  for (const action of after.actions) {
    const was = old.get(action.id);
    if (was === undefined) lines.push(`+ ${action.id}  bundle ${short(action.bundle)}, ${action.title}`);
    else lines.push(...fieldChanges(was, action).map((change) => `~ ${action.id}  ${change}`));
  }
  for (const id of old.keys()) if (!now.has(id)) lines.push(`- ${id}  is no longer accepted`);
  const agents = before?.agents ?? {};
  for (const [version, sha256] of Object.entries(after.agents)) {
    if (agents[version] === undefined) lines.push(`+ agent ${version}  ${short(sha256)}`);
    else if (agents[version] !== sha256) lines.push(`~ agent ${version}  ${short(agents[version])} → ${short(sha256)}`);
  }
  for (const version of Object.keys(agents)) {
    if (after.agents[version] === undefined) lines.push(`- agent ${version}`);
  }
  if (lines.length === 0 && before !== undefined && canonical(before) !== canonical(after)) {
    lines.push("~ the order of the actions");
  }
  return lines;
}

function fieldChanges(was: ReleaseAction, is: ReleaseAction): string[] {
  return (Object.keys(is) as (keyof ReleaseAction)[])
    .filter((key) => canonical(was[key]) !== canonical(is[key]))
    .map((key) =>
      key === "bundle"
        ? `bundle ${short(was.bundle)} → ${short(is.bundle)}`
        : `${key} ${JSON.stringify(was[key])} → ${JSON.stringify(is[key])}`,
    );
}

const short = (digest: string) => digest.slice(0, 12);

function sorted(agents: ReleaseContent["agents"]): ReleaseContent["agents"] {
  return Object.fromEntries(Object.entries(agents).sort(([one], [other]) => (one < other ? -1 : 1)));
}
