/** Something that the palette can go to or do. */
export interface Entry {
  id: string;
  group: string;
  title: string;
  /** What stands beside it, and is searched too, for less. */
  detail?: string;
  /** Further words that it is found by. */
  words?: readonly string[];
}

/**
 * How well what was typed fits: more is better, 0 is not at all. The beginning of the title counts most, then the beginning
 * of a word, then somewhere within, then letters in order. Every word that was typed has to be somewhere.
 */
export function fit(typed: string, entry: Entry): number {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return 1;
  const title = entry.title.toLowerCase();
  const rest = [entry.detail ?? "", ...(entry.words ?? [])].join(" ").toLowerCase();
  let sum = title === typed.trim().toLowerCase() ? 50 : 0;
  for (const word of words) {
    const points = Math.max(fitWord(word, title), fitWord(word, rest) / 3, inOrder(word, title) ? 1 : 0);
    if (points === 0) return 0;
    sum += points;
  }
  return sum / words.length;
}

function fitWord(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at < 0) return 0;
  if (at === 0) return 30;
  return /[^a-z0-9]/.test(text.charAt(at - 1)) || text.includes(` ${word}`) ? 20 : 8;
}

/** `tpg` in `topology`: for a few letters only, else nearly everything fits. */
function inOrder(letters: string, text: string): boolean {
  if (letters.length < 2 || letters.length > 6) return false;
  let at = -1;
  for (const letter of letters) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** The best of each group, groups in the order of their best; within a group equals keep their order. */
export function ranked<E extends Entry>(typed: string, entries: readonly E[], perGroup: number): E[] {
  const groups = new Map<string, { entry: E; points: number }[]>();
  for (const entry of entries) {
    const points = fit(typed, entry);
    if (points === 0) continue;
    const group = groups.get(entry.group) ?? [];
    group.push({ entry, points });
    groups.set(entry.group, group);
  }
  const best = [...groups.values()].map((group) => group.toSorted((a, b) => b.points - a.points).slice(0, perGroup));
  if (typed.trim() !== "") best.sort((a, b) => (b[0]?.points ?? 0) - (a[0]?.points ?? 0));
  return best.flatMap((group) => group.map(({ entry }) => entry));
}

/** What reads like a wish rather than a name: then asking for it comes first. */
export function looksLikeWish(typed: string): boolean {
  return typed.trim().split(/\s+/).length >= 3;
}
export function looksLikeQuestion(typed: string): boolean {
  const text = typed.trim();
  return text.endsWith("?") || /^(how|what|why|who|where|when|which|can i|do i|is there|are there)\b/i.test(text);
}

/** The id of a task, an appliance or another thing, pasted as it is. */
export function idIn(typed: string): { kind: "task" | "appliance" | "worker" | "schedule"; id: string } | undefined {
  const [, prefix = "", rest] = /^(tsk|apl|wrk|sch)_([0-9a-z]{26})$/.exec(typed.trim()) ?? [];
  if (rest === undefined) return undefined;
  const kinds = { tsk: "task", apl: "appliance", wrk: "worker", sch: "schedule" } as const;
  const kind = kinds[prefix as keyof typeof kinds];
  return kind === undefined ? undefined : { kind, id: typed.trim() };
}
