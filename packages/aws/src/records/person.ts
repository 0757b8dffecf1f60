import type { PersonState } from "@steward/core/tenant/tenant-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import { removeItem } from "./purge.ts";
import * as states from "./state.ts";

const keyOf = (personId: string) => ({ pk: `SYS#PERSON#${personId}`, sk: "PERSON" });
/** Where the grants lie, and lay when somebody took them away: one tenant, `*`, or `several`. */
const homePartition = (home: string) => `SYS#PEOPLE#${home}`;

/** An item is on an index once. Nearly everybody has grants in one tenant; the few with several share a list. */
function homeOf({ grants, access = [] }: PersonState): string {
  const tenants = new Set([...grants, ...access].map(({ tenant }) => tenant));
  if (tenants.has("*")) return "*";
  const [only, ...others] = tenants;
  if (only === undefined) return "nowhere";
  return others.length === 0 ? only : "several";
}

const itemOf = (state: PersonState) => ({
  ...keyOf(state.personId),
  gsi1pk: homePartition(homeOf(state)),
  gsi1sk: state.personId,
  ...states.stateItem(state),
});

export const createPerson = (state: PersonState): Write => createItem("person", itemOf(state));
export const replacePerson = (previous: PersonState, next: PersonState): Write =>
  states.replaceState("person", itemOf(next), previous, next);

export async function getPerson(table: Table, personId: string): Promise<PersonState | undefined> {
  return states.readState(table, keyOf(personId));
}

/** For ever: when nothing is left that says whose it was. */
export async function removePerson(table: Table, personId: string): Promise<void> {
  await removeItem(table, keyOf(personId));
}

/** People with a grant in the tenant, or everywhere; also disabled ones. From an index: trails the table by a moment. */
export async function listPeople(table: Table, tenantId: string): Promise<PersonState[]> {
  return (await listPeopleAndLeft(table, tenantId)).filter(({ grants }) => isIn(grants, tenantId));
}

/** Also those who had a grant there that somebody took away lately. */
export async function listPeopleAndLeft(table: Table, tenantId: string): Promise<PersonState[]> {
  const found = await Promise.all(
    [tenantId, "*", "several"].map((home) =>
      queryItems(table, states.queryOf({ index: "gsi1", pk: homePartition(home) })),
    ),
  );
  return found
    .flatMap(({ items }) => items.map((item) => states.stateOf<PersonState>(item)))
    .filter(({ grants, access = [] }) => isIn([...grants, ...access], tenantId));
}

function isIn(places: readonly { tenant: string }[], tenantId: string): boolean {
  return places.some(({ tenant }) => tenant === tenantId || tenant === "*");
}
