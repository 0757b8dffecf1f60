/** What an appliance says of itself, as it is shown: a list, names with values, or a text. */
export interface FactGroup {
  name: string;
  title: string;
  items?: string[];
  pairs?: [name: string, value: string][];
  text?: string;
}

const titles: Readonly<Record<string, string>> = {
  hostname: "Host name",
  users: "Users",
  groups: "Groups",
  shares: "Shares",
  services: "Services",
  domains: "Domains",
  mailDomains: "Mail domains",
  mailboxes: "Mailboxes",
  certificates: "Certificates, and when they end",
  versions: "Versions",
  setups: "Set up here",
};

/** In the order that people look for them; what a newer agent tells comes last, by its own name. Empty ones are left out. */
export function factGroups(facts: Readonly<Record<string, unknown>>): FactGroup[] {
  const known = Object.keys(titles);
  const names = [
    ...known.filter((name) => Object.hasOwn(facts, name)),
    ...Object.keys(facts).filter((name) => !known.includes(name)),
  ];
  return names.flatMap((name) => {
    const group = groupOf(name, facts[name]);
    return group === undefined ? [] : [group];
  });
}

function groupOf(name: string, value: unknown): FactGroup | undefined {
  const head = { name, title: Object.hasOwn(titles, name) ? (titles[name] ?? name) : name };
  if (value === undefined || value === null || value === "") return undefined;
  if (Array.isArray(value)) {
    const items = [...new Set(value.map(textOf))].toSorted((a, b) => a.localeCompare(b));
    return items.length === 0 ? undefined : { ...head, items };
  }
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([key, one]): [string, string] => [key, textOf(one)]);
    return pairs.length === 0 ? undefined : { ...head, pairs: pairs.toSorted(([a], [b]) => a.localeCompare(b)) };
  }
  return { ...head, text: textOf(value) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Those with the word in them, and of their lists what has it. */
export function withWord(groups: readonly FactGroup[], word: string): FactGroup[] {
  const wanted = word.trim().toLowerCase();
  if (wanted === "") return [...groups];
  const has = (text: string) => text.toLowerCase().includes(wanted);
  return groups.flatMap((group): FactGroup[] => {
    if (has(group.title)) return [group];
    if (group.items !== undefined) {
      const items = group.items.filter(has);
      return items.length === 0 ? [] : [{ ...group, items }];
    }
    if (group.pairs !== undefined) {
      const pairs = group.pairs.filter(([name, value]) => has(name) || has(value));
      return pairs.length === 0 ? [] : [{ ...group, pairs }];
    }
    return has(group.text ?? "") ? [group] : [];
  });
}
