import { catalogue } from "@steward/catalogue/catalogue";
import { choicesKey, ruleKey } from "@steward/contracts/action-forms";
import { describe, expect, it } from "vitest";
import { listActions } from "./list-actions.ts";

const actions = listActions(catalogue);
const propertiesOf = (id: string) =>
  actions.find((action) => action.id === id)?.variables["properties"] as Record<string, Record<string, unknown>>;

describe("the catalogue for forms", () => {
  it("says of a pattern in words what it wants, in lists too", () => {
    expect(propertiesOf("users.add")["username"]).toMatchObject({
      description: "What should the user be called?",
      [ruleKey]: expect.stringContaining("must be a person's account"),
    });
    expect(propertiesOf("users.add")["groups"]).toMatchObject({
      [choicesKey]: "groups",
      items: { [ruleKey]: expect.stringContaining("must be a group's name") },
    });
  });

  it("has words for every pattern of the catalogue", () => {
    const wordless = actions.flatMap(({ id, variables }) =>
      Object.entries((variables["properties"] ?? {}) as Record<string, Record<string, unknown>>)
        .filter(([, property]) => "pattern" in property && !(ruleKey in property))
        .map(([name]) => `${id} ${name}`),
    );
    expect(wordless).toEqual([]);
  });
});
