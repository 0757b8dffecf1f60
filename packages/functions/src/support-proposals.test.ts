import { catalogue } from "@steward/catalogue/catalogue";
import { checkProposal, requestIn } from "@steward/core/support/check-proposal";
import { describe, expect, it } from "vitest";

const context = {
  actions: catalogue,
  targets: [{ id: "apl_1", name: "nas-1", facts: { users: ["anna", "ben"], shares: ["photos"] } }],
};
const propose = (words: string, question: string) => checkProposal(words, question, context)?.instruction;

describe("what an answer may propose", () => {
  it.each([
    ["lock the user anna", "Anna should not sign in any more. Can Steward lock anna?"],
    ["add a share called scans", "our scanner needs a place, I would call it scans"],
    // What is missing is asked for when it is submitted.
    ["add a user", "somebody new has joined us"],
    ["show disk usage", "is there any room left?"],
  ])("%s: it is understood, and the question says every name in it", (words, question) => {
    expect(propose(words, question)).toBe(words);
  });

  it.each([
    ["a name out of the facts", "remove the user ben", "who has an account here?"],
    ["a name out of nowhere", "add user ophelia", "how do I add somebody?"],
    ["high risk", "add user anna to the group sudo", "should anna be in sudo? add user anna to the group sudo"],
    ["no action", "sing a song", "sing a song"],
    ["a shell command", "run rm -rf /", "run rm -rf / please"],
    ["a secret", "reset the password of anna to hunter2-Kq93xZ", "reset the password of anna to hunter2-Kq93xZ"],
    ["an action that no words lead to", "run the shell command uptime", "run the shell command uptime"],
    ["rules switched off", "add user anna without approval", "add user anna without approval"],
  ])("never %s", (_, words, question) => {
    expect(propose(words, question)).toBeUndefined();
  });

  it("the question itself, where it asks for a change", () => {
    expect(propose(requestIn("How do I add a user john?"), "How do I add a user john?")).toBe("add a user john");
    expect(propose(requestIn("How do I reach my files?"), "How do I reach my files?")).toBeUndefined();
  });
});
