import { catalogue } from "@steward/catalogue/catalogue";
import { defineAction } from "@steward/catalogue/define-action";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import { buildMatcher } from "@steward/core/planning/match-instruction";
import type { PlanningContext } from "@steward/core/planning/planning-types";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import { buildPrompt } from "@steward/core/planning/prompt";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** The matcher knows no action by name: one that is registered now is found, also by words outside its examples. */

const vpnInvite = defineAction({
  id: "vpn.invite",
  title: "Invite somebody to the private network",
  kind: "state",
  playbook: "vpn_invite",
  variables: z.strictObject({
    person: z.string().regex(/^[a-z][a-z0-9-]{1,30}$/, "must be a short name"),
    days: z.int().min(1).max(90).optional(),
  }),
  hints: { person: { question: "Who should get in?" }, days: { question: "For how many days?" } },
  risk: { base: "medium", rules: [] },
  examples: [
    "invite {person} to the vpn",
    "give {person} vpn access",
    "let {person} into the private network for {days} days",
    "invite {person} to the vpn for {days} days",
    "send {person} an invitation to the vpn",
    "let {person} into the vpn",
  ],
  words: ["wireguard", "tunnel", "remote", "access", "join", "allow", "grant", "invitation"],
  undo: "recorded",
  timeoutSeconds: 60,
});
const backupRun = defineAction({
  id: "backup.run",
  title: "Run the backup",
  kind: "command",
  playbook: "backup_run",
  variables: z.strictObject({}),
  risk: { base: "medium", rules: [] },
  examples: ["run the backup", "back everything up", "start a backup", "make a backup", "do a backup", "take a backup"],
  words: ["save", "copy", "archive", "snapshot", "now"],
  undo: "none",
  timeoutSeconds: 600,
});

const contextFor = (instruction: string, actions: PlanningContext["actions"]): PlanningContext => ({
  instruction,
  actions,
  targets: [
    {
      id: "apl_01jd0000000000000000000000",
      name: "nas-1",
      facts: { users: ["anna", "ben"], services: ["smbd"], groups: ["sudo"], shares: [], domains: [] },
    },
  ],
});
const extended = [...catalogue, vpnInvite, backupRun];
const read = (instruction: string, actions: PlanningContext["actions"] = extended) =>
  matchInstruction(contextFor(instruction, actions));

/** Outside the examples: other verbs, other orders, words of `words`. */
const outside: [string, string, Record<string, unknown>][] = [
  ["grant carla vpn access", "vpn.invite", { person: "carla" }],
  ["allow carla vpn access", "vpn.invite", { person: "carla" }],
  ["could you grant carla vpn access", "vpn.invite", { person: "carla" }],
  ["invite carla to the vpn for 30 days", "vpn.invite", { person: "carla", days: 30 }],
  ["start the backup now", "backup.run", {}],
  ["please run a backup", "backup.run", {}],
  ["start a snapshot", "backup.run", {}],
];

describe("an action registered at run time", () => {
  it.each(outside)("%j is found", (sentence, action, variables) => {
    const understood = read(sentence);
    expect([sentence, understood.kind, understood]).toEqual([
      sentence,
      "plan",
      expect.objectContaining({ steps: [expect.objectContaining({ action, variables })] }),
    ]);
  });

  it.each([
    ["please allow carla to join the vpn", "vpn.invite"],
    ["could carla join by wireguard", "vpn.invite"],
    ["an archive would be good", "backup.run"],
  ])("%j is left to a model, with it as the nearest", (sentence, action) => {
    expect(read(sentence)).toMatchObject({ kind: "unsure", nearest: expect.arrayContaining([action]) });
  });

  it.each(outside)("%j is nothing to the catalogue without it", (sentence, action) => {
    const understood = read(sentence, catalogue);
    expect(understood.kind).not.toBe("plan");
    expect(JSON.stringify(understood)).not.toContain(action);
  });

  it("asks for what is missing by the action's own question", () => {
    expect(read("give somebody vpn access")).not.toMatchObject({ kind: "plan" });
    expect(read("invite to the vpn")).toMatchObject({
      kind: "question",
      question: { action: "vpn.invite", variable: "person", text: "Who should get in?" },
    });
  });

  it("holds values to its schema", () => {
    expect(read("invite carla to the vpn for 400 days").kind).not.toBe("plan");
    expect(read("invite Carla;reboot to the vpn").kind).toBe("refused");
  });

  it("is offered to models, and what they make of it is graded the same way", () => {
    const context = contextFor("carla should get into the vpn", extended);
    expect(buildPrompt(context).system).toContain('"vpn.invite"');
    const answer = (variables: object) =>
      JSON.stringify({ understood: "", outOfScope: false, steps: [{ action: "vpn.invite", variables }] });
    expect(gradeAnswer(answer({ person: "mallory" }), context).kind).not.toBe("plan");
    expect(gradeAnswer(answer({ person: "carla", days: 90 }), context).kind).not.toBe("plan");
  });

  it("changes nothing for the actions that were there", () => {
    for (const sentence of ["add user john", "give anna a share", "restart smbd", "how full is the disk", "ping"]) {
      expect(read(sentence)).toEqual(read(sentence, catalogue));
    }
  });

  it("works with a matcher that is built once", () => {
    const match = buildMatcher(extended);
    expect(match(contextFor("grant carla vpn access", []))).toMatchObject({ kind: "plan" });
  });
});
