import { defaults } from "@steward/contracts/defaults";
import { type Health, healthLevels } from "@steward/contracts/heartbeat";
import type { NodeView } from "@steward/contracts/node";
import type { Term } from "../../../text.ts";

/** What is to be said of a machine beside its health. */
export const noteTerms = {
  revoked: { text: "shut out", tone: "bad" },
  quarantined: { text: "in quarantine", tone: "bad" },
  unconfirmed: { text: "not confirmed", tone: "wait" },
  "certificate-ended": { text: "certificate has ended", tone: "bad" },
  "certificate-ends": { text: "certificate ends soon", tone: "wait" },
  drift: { text: "configuration pending", tone: "wait" },
} as const satisfies Record<string, Term>;
export type Note = keyof typeof noteTerms;
export const notes = Object.keys(noteTerms) as Note[];

/** The worst first. Of one that is shut out nothing else matters. */
export function notesOf(node: NodeView, nowMs: number): Note[] {
  if (node.revokedAt !== undefined) return ["revoked"];
  if (node.quarantinedAt !== undefined) return ["quarantined"];
  const leftMs = node.certificateExpiresAt === undefined ? undefined : Date.parse(node.certificateExpiresAt) - nowMs;
  return [
    ...(node.confirmed ? [] : (["unconfirmed"] as const)),
    ...(leftMs === undefined || leftMs >= defaults.certificateWarningSeconds * 1000
      ? []
      : ([leftMs < 0 ? "certificate-ended" : "certificate-ends"] as const)),
    ...(node.configSync === "pending" ? (["drift"] as const) : []),
  ];
}

/** Which machines are shown; it stands in the address. */
export interface NodeChoice {
  q?: string;
  health?: Health;
  tag?: string;
  version?: string;
  note?: Note;
}

/** Of an address that anybody may have written. */
export function choiceOf(search: Record<string, unknown>): NodeChoice {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === "string" && value !== "" ? value.slice(0, 100) : undefined;
  };
  const [q, tag, version] = [text("q"), text("tag"), text("version")];
  const health = healthLevels.find((level) => level === search["health"]);
  const note = notes.find((one) => one === search["note"]);
  return {
    ...(q === undefined ? {} : { q }),
    ...(health === undefined ? {} : { health }),
    ...(tag === undefined ? {} : { tag }),
    ...(version === undefined ? {} : { version }),
    ...(note === undefined ? {} : { note }),
  };
}

export function isNarrowed(choice: NodeChoice): boolean {
  return Object.keys(choice).length > 0;
}

/** What is searched of each machine, made once: ten thousand are looked through with each key that is pressed. */
const searched = new WeakMap<NodeView, string>();
function searchedOf(node: NodeView): string {
  const known = searched.get(node);
  if (known !== undefined) return known;
  const text = [node.name, node.hostname ?? "", node.id, ...node.tags].join("\n").toLowerCase();
  searched.set(node, text);
  return text;
}

/** The API's own rule (`matchesFilter`), and the notes. */
export function matches(node: NodeView, choice: NodeChoice, nowMs: number): boolean {
  const { q, health, tag, version, note } = choice;
  if (health !== undefined && node.health !== health) return false;
  if (tag !== undefined && !node.tags.includes(tag)) return false;
  if (version !== undefined && node.agentVersion !== version) return false;
  if (note !== undefined && !notesOf(node, nowMs).includes(note)) return false;
  return q === undefined || searchedOf(node).includes(q.trim().toLowerCase());
}

export function chosen(nodes: readonly NodeView[], choice: NodeChoice, nowMs: number): readonly NodeView[] {
  return isNarrowed(choice) ? nodes.filter((node) => matches(node, choice, nowMs)) : nodes;
}

export interface Facet {
  value: string;
  count: number;
}

/** What there is to choose by, the most common first. */
export function facetsOf(nodes: readonly NodeView[], nowMs: number) {
  const health = new Map<string, number>(healthLevels.map((level) => [level, 0]));
  const [tags, versions, found] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const count = (map: Map<string, number>, value: string) => map.set(value, (map.get(value) ?? 0) + 1);
  for (const node of nodes) {
    count(health, node.health);
    for (const tag of node.tags) count(tags, tag);
    if (node.agentVersion !== undefined) count(versions, node.agentVersion);
    for (const note of notesOf(node, nowMs)) count(found, note);
  }
  return { health: listOf(health, false), tags: listOf(tags), versions: listOf(versions), notes: listOf(found) };
}

/** The tags that these have, the most common first. */
export function tagCounts(nodes: readonly NodeView[]): Facet[] {
  const tags = new Map<string, number>();
  for (const node of nodes) for (const tag of node.tags) tags.set(tag, (tags.get(tag) ?? 0) + 1);
  return listOf(tags);
}

function listOf(map: Map<string, number>, sorted = true): Facet[] {
  const list = [...map].map(([value, count]) => ({ value, count }));
  return sorted ? list.toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)) : list;
}

/** The value of a tag with this key: `site:berlin` of `site`. */
export function tagValue(node: NodeView, key: string): string | undefined {
  return node.tags.find((tag) => tag.startsWith(`${key}:`))?.slice(key.length + 1);
}

/** The most selectors that one request may name. */
export const maxSelectors = 100;

/**
 * How a request names these machines: as everybody, or as everybody with a tag, where that is who they are; else one by
 * one. Undefined: they are too many to be named one by one.
 */
export function selectorsOf(
  ids: ReadonlySet<string>,
  { nodes, isWhole, choice }: { nodes: readonly NodeView[]; isWhole: boolean; choice: NodeChoice },
): string[] | undefined {
  const isAll = (wanted: readonly NodeView[]) => wanted.length === ids.size && wanted.every((node) => ids.has(node.id));
  if (ids.size <= maxSelectors) return [...ids];
  if (!isWhole) return undefined;
  if (isAll(nodes)) return ["all"];
  const { tag } = choice;
  return tag !== undefined && isAll(nodes.filter((node) => node.tags.includes(tag))) ? [tag] : undefined;
}
