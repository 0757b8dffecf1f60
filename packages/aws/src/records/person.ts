import type { PersonState } from "@steward/core/tenant/tenant-state";
import { Entity } from "electrodb";
import { queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const person = new Entity({
  model: states.model("person"),
  attributes: {
    personId: { type: "string", required: true },
    /** Where the grants lie: one tenant, `*`, or `several`. */
    home: { type: "string", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["personId"], template: "SYS#PERSON#${personId}" },
      { composite: [], template: "PERSON" },
    ),
    byHome: {
      index: "gsi1",
      pk: { field: "gsi1pk", composite: ["home"], template: "SYS#PEOPLE#${home}", casing: "none" },
      sk: { field: "gsi1sk", composite: ["personId"], template: "${personId}", casing: "none" },
    },
  },
});

/** An item is on an index once. Nearly everybody has grants in one tenant; the few with several share a list. */
function homeOf({ grants }: PersonState): string {
  const tenants = new Set(grants.map((grant) => grant.tenant));
  if (tenants.has("*")) return "*";
  const [only, ...others] = tenants;
  if (only === undefined) return "nowhere";
  return others.length === 0 ? only : "several";
}

const put = (state: PersonState) =>
  person.put({ personId: state.personId, home: homeOf(state), ...states.stateItem(state) });

export const createPerson = (state: PersonState): Write => states.createState("person", put(state));
export const replacePerson = (previous: PersonState, next: PersonState): Write =>
  states.replaceState("person", put(next), previous, next);

export async function getPerson(table: Table, personId: string): Promise<PersonState | undefined> {
  return states.readState(table, person.get({ personId }));
}

/** People with a grant in the tenant, or everywhere; also disabled ones. From an index: trails the table by a moment. */
export async function listPeople(table: Table, tenantId: string): Promise<PersonState[]> {
  const found = await Promise.all(
    [tenantId, "*", "several"].map((home) => queryItems(table, states.queryOf(person.query.byHome({ home })))),
  );
  return found
    .flatMap(({ items }) => items.map((item) => states.stateOf<PersonState>(item)))
    .filter(({ grants }) => grants.some((grant) => grant.tenant === tenantId || grant.tenant === "*"));
}
