import type { Health } from "@steward/contracts/heartbeat";
import { targetSelectorSchema } from "@steward/contracts/selector";

/** Where something is to be done: one appliance, all that have a tag, or all. */
export interface Place {
  /** What the API is told: an appliance's id, a tag, or `all`. */
  selector: string;
  kind: "all" | "tag" | "appliance";
  label: string;
  health?: Health;
}

export interface KnownNode {
  id: string;
  name: string;
  tags: readonly string[];
  health?: Health;
}

export const everywhere: Place = { selector: "all", kind: "all", label: "All appliances" };

/** What can be chosen among these appliances for what was typed: all, then tags, then appliances. */
export function placesOf(nodes: readonly KnownNode[], typed: string, mostTags = 12): Place[] {
  const wanted = typed.trim().toLowerCase();
  const tags = [...new Set(nodes.flatMap((node) => node.tags))]
    .filter((tag) => tag.includes(wanted))
    .toSorted()
    .slice(0, mostTags)
    .map((tag): Place => ({ selector: tag, kind: "tag", label: tag }));
  const appliances = nodes
    .filter(({ id, name, tags: its }) => [name.toLowerCase(), id, ...its].some((text) => text.includes(wanted)))
    .map(placeOf);
  return [...("all appliances".includes(wanted) ? [everywhere] : []), ...tags, ...appliances];
}

export function placeOf({ id, name, health }: KnownNode): Place {
  return { selector: id, kind: "appliance", label: name, ...(health === undefined ? {} : { health }) };
}

/** A selector that came with a link, where nobody has looked up yet what it means. */
export function placeOfSelector(selector: string, nodes: readonly KnownNode[] = []): Place {
  if (selector === "all") return everywhere;
  const node = nodes.find(({ id, name }) => id === selector || name === selector);
  if (node !== undefined) return placeOf(node);
  return { selector, kind: selector.includes(":") ? "tag" : "appliance", label: selector };
}

/** A tag as it was typed, for what may be on an appliance some day; undefined where that is no tag. */
export function tagPlace(typed: string): Place | undefined {
  const tag = typed.trim();
  if (!/^[^:]+:[^:]/.test(tag) || !targetSelectorSchema.safeParse(tag).success) return undefined;
  return { selector: tag, kind: "tag", label: tag };
}

/**
 * What is kept of a place for another day, and read by people: an appliance by its name. One that is called as all, a tag or
 * another's id are written keeps its own id: its name would mean others.
 */
export function lastingSelector({ selector, kind, label }: Place): string {
  if (kind !== "appliance" || !targetSelectorSchema.safeParse(label).success) return selector;
  return label === "all" || label.includes(":") || label.startsWith("apl_") ? selector : label;
}

/** `all` says it all; and what stands there twice is meant once. */
export function tidy(places: readonly Place[]): Place[] {
  const last = places.at(-1);
  if (last?.kind === "all") return [last];
  const unique = new Map(places.filter(({ kind }) => kind !== "all").map((place) => [place.selector, place]));
  return [...unique.values()];
}

/**
 * Appliances and tags that a sentence names: offered, never taken as meant. A name within another word does not count:
 * "bert" is not in "alberta", and "acme-berlin-01" does not name a "berlin".
 */
export function mentioned(sentence: string, nodes: readonly KnownNode[]): Place[] {
  const words = new Set(
    sentence
      .toLowerCase()
      .split(/[\s,;!?"'“”()]+/)
      .map((word) => word.replace(/[.:]+$/, "")),
  );
  const tags = [...new Set(nodes.flatMap((node) => node.tags))].filter((tag) => words.has(tag));
  return [
    ...tags.map((tag): Place => ({ selector: tag, kind: "tag", label: tag })),
    ...nodes.filter(({ name, id }) => words.has(name.toLowerCase()) || words.has(id)).map(placeOf),
  ];
}

/** The word of a sentence that most likely names a place: what follows "on", or its last one. */
export function placeWord(sentence: string): string {
  const words = sentence
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.,;:!?"'“”()]+$/, ""));
  const on = words.findLastIndex((word) => ["on", "at", "auf"].includes(word.toLowerCase()));
  return (on >= 0 ? words[on + 1] : undefined) ?? words.at(-1) ?? "";
}
