/** `0a1b 2c3d …`: what somebody can compare with a screen, in lines of four groups. */
export function inGroups(fingerprint: string): string[][] {
  const groups = fingerprint.match(/.{1,4}/g) ?? [];
  return Array.from({ length: Math.ceil(groups.length / 4) }, (_, line) => groups.slice(line * 4, line * 4 + 4));
}

/** What a machine's screen shows, as it may be typed or pasted: in groups, with colons, in capitals, with its label. */
export function plainFingerprint(typed: string): string {
  return typed
    .toLowerCase()
    .replace(/^\s*(key\s+fingerprint|fingerprint|sha-?256)\s*[:=]?/, "")
    .replaceAll(/[^0-9a-z]/g, "");
}

/** `partly`: what is there so far is the same. `other`: with the group that differs first, from 0 on. */
export type Comparison = { is: "empty" } | { is: "same" } | { is: "partly" } | { is: "other"; group: number };

export function compareFingerprint(typed: string, enrolled: string): Comparison {
  const plain = plainFingerprint(typed);
  if (plain === "") return { is: "empty" };
  if (plain === enrolled) return { is: "same" };
  if (enrolled.startsWith(plain)) return { is: "partly" };
  const at = plain.split("").findIndex((character, index) => character !== enrolled[index]);
  return { is: "other", group: Math.floor(Math.max(0, at) / 4) };
}
