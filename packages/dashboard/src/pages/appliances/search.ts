/**
 * What stands in the addresses of these pages. In the first load of every page: what is typed is looked at where it is
 * used.
 */
type Search = Record<string, unknown>;

function text(search: Search, name: string): string | undefined {
  const value = search[name];
  return typeof value === "string" && value !== "" ? value.slice(0, 200) : undefined;
}

function texts<Name extends string>(search: Search, names: readonly Name[]): { [Key in Name]?: string } {
  const found: { [Key in Name]?: string } = {};
  for (const name of names) {
    const value = text(search, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

export interface AppliancesSearch {
  q?: string;
  health?: string;
  tag?: string;
  version?: string;
  note?: string;
  sort?: string;
  columns?: string;
  /** The dialog that invites a new one is open. */
  enroll?: true;
}

export function appliancesSearch(search: Search): AppliancesSearch {
  return {
    ...texts(search, ["q", "health", "tag", "version", "note", "sort", "columns"]),
    ...(search["enroll"] === true ? { enroll: true } : {}),
  };
}

export const applianceTabs = ["overview", "runs", "configuration", "facts", "security"] as const;
export type ApplianceTab = (typeof applianceTabs)[number];

export interface ApplianceSearch {
  /** Absent: the overview. */
  tab?: ApplianceTab;
  /** How far back the plots go. Absent: a day. */
  hours?: number;
}

export function applianceSearch(search: Search): ApplianceSearch {
  const tab = applianceTabs.find((one) => one === search["tab"]);
  const hours = Number(search["hours"]);
  return {
    ...(tab === undefined || tab === "overview" ? {} : { tab }),
    ...(Number.isInteger(hours) && hours >= 1 && hours <= 168 ? { hours } : {}),
  };
}
