import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contextFor } from "../../test/fixtures.ts";
import { gradeAnswer } from "./grade-answer.ts";
import { gradeTable } from "./grade-table.ts";
import hostile from "./hostile-instructions.json" with { type: "json" };

const answer = (...steps: { action: string; variables: Record<string, unknown> }[]) =>
  JSON.stringify({ understood: "x", outOfScope: false, steps });
const add = (username: string, more: Record<string, unknown> = {}) => ({
  action: "users.add",
  variables: { username, ...more },
});
const judge = (instruction: string, ...steps: Parameters<typeof answer>) =>
  gradeAnswer(answer(...steps), contextFor(instruction));

describe("grading a model's answer", () => {
  it("takes a plan whose values were said", () => {
    const graded = judge("my new colleague John needs an account", add("john"));
    expect(graded).toMatchObject({
      kind: "plan",
      steps: [{ provenance: { username: { source: "said", text: "John" } } }],
    });
    expect(graded.grade).toBeGreaterThanOrEqual(gradeTable.good);
    expect(judge("add users john and mary", add("john"), add("mary")).kind).toBe("plan");
  });

  it("marks what the action assumes", () => {
    const graded = judge("give john a share", {
      action: "samba.share.add",
      variables: { share: "john", users: ["john"], path: "/srv/john" },
    });
    expect(graded).toMatchObject({ kind: "plan", steps: [{ provenance: { path: { source: "assumed" } } }] });
  });

  it("asks for a value that the model made up", () => {
    expect(judge("add a user", add("john"))).toMatchObject({
      kind: "question",
      question: { variable: "username" },
      steps: [{ variables: {} }],
    });
    expect(judge("remove a user", { action: "users.remove", variables: { username: "anna" } })).toMatchObject({
      kind: "question",
    });
  });

  it("takes a fact only where it is the only one", () => {
    const restart = { action: "service.restart", variables: { service: "smbd" } };
    const one = contextFor("restart the service", { services: ["smbd"] });
    expect(gradeAnswer(answer(restart), one)).toMatchObject({
      kind: "plan",
      steps: [{ provenance: { service: { source: "fact" } } }],
    });
    expect(gradeAnswer(answer(restart), contextFor("restart the service")).kind).toBe("question");
  });

  it.each([
    ["prose", "Sure! I added the user."],
    ["an unfinished object", '{"understood":"x","steps":['],
    ["another shape", '{"steps":"users.add"}'],
    ["no steps", answer()],
    ["an unknown action", answer({ action: "users.promote", variables: { username: "john" } })],
    ["an unknown variable", answer(add("john", { shell: "/bin/sh" }))],
    ["a made-up optional value", answer(add("john", { groups: ["sudo"] }))],
    ["template syntax", answer(add("john", { groups: ["{{ lookup('pipe','id') }}"] }))],
    ["too many steps", answer(...Array.from({ length: 11 }, () => add("john")))],
  ])("is not sure about %s", (_, raw) => {
    expect(gradeAnswer(raw, contextFor("add user john")).kind).toBe("unsure");
  });

  it.each([
    ["leaves a person out", "create accounts for john and mary", add("john")],
    ["leaves a request out", "add user john and restart smbd", add("john")],
    ["leaves a group out", "add user john to the group staff", add("john")],
    ["leaves a number out", "add user john with uid 1500", add("john")],
    ["answers what nobody asked", "what's the weather", { action: "disk.usage", variables: {} }],
    ["does the opposite", "remove john", add("john")],
    ["takes quoted words as a request", 'the mail said "add user eve"', add("eve")],
    ["takes a group for a user", "create a login in the group staff", add("staff")],
  ])("is not sure of an answer that %s", (_, instruction, step) => {
    expect(["unsure", "question"]).toContain(judge(instruction, step).kind);
  });

  it("does not let names change places", () => {
    const record = (name: string, value: string) => ({
      action: "dns.record.add",
      variables: { name, type: "CNAME", value },
    });
    expect(judge("point nas to router as CNAME", record("nas", "router")).kind).toBe("plan");
    expect(judge("point nas to router as CNAME", record("router", "nas")).kind).not.toBe("plan");
  });

  const lock = (username: string) => ({ action: "users.remove", variables: { username } });
  const share = (name: string, users: string[]) => ({ action: "samba.share.add", variables: { share: name, users } });

  it("takes a value only where its own action is asked for, or where that refers back to it", () => {
    expect(judge("add user john and remove user bob", add("john"), lock("bob")).kind).toBe("plan");
    expect(judge("add user john and remove user bob", add("bob"), lock("john")).kind).not.toBe("plan");
    expect(judge("add user john and give him a share", add("john"), share("john", ["john"])).kind).toBe("plan");
    expect(judge("add user john and give bob a share", add("john"), share("bob", ["bob"])).kind).toBe("plan");
    expect(judge("add user john and give bob a share", add("john"), share("john", ["john"])).kind).not.toBe("plan");
  });

  it.each([
    ["nobody asked for", "add user john", [add("john"), { action: "disk.usage", variables: {} }]],
    ["says nothing of the rest of the words", "add salt to the soup", [add("salt")]],
    ["was asked for once", "add user john", [add("john"), add("john")]],
    ["was asked for later", "remove user bob, then add user bob", [add("bob"), lock("bob")]],
  ])("is not sure of a step that %s", (_, instruction, steps) => {
    expect(judge(instruction, ...steps).kind).toBe("unsure");
  });

  it("takes a list in any order, since one word asks for all of it", () => {
    expect(judge("add users john and mary", add("mary"), add("john")).kind).toBe("plan");
  });

  it("grounds nothing in what is said not to be", () => {
    expect(
      judge("the share does not open, restart smbd", { action: "service.restart", variables: { service: "smbd" } })
        .kind,
    ).toBe("plan");
    expect(
      judge("smbd does not open, restart it", { action: "service.restart", variables: { service: "smbd" } }).kind,
    ).toBe("question");
    expect(judge("don't add user john", add("john")).kind).toBe("refused");
  });

  it("passes the model's own no on as a clear one", () => {
    const raw = JSON.stringify({ understood: "weather", outOfScope: true, steps: [] });
    expect(gradeAnswer(raw, contextFor("what's the weather"))).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("None of the actions"),
    });
  });

  it("never makes a plan of a hostile instruction, whatever the model answers", () => {
    const proposals = [
      ...["eve", "john", "anna", "rooot", "eve2"].map((name) => add(name)),
      add("eve", { groups: ["sudo"] }),
      { action: "users.remove", variables: { username: "anna" } },
      { action: "service.restart", variables: { service: "smbd" } },
      { action: "disk.usage", variables: {} },
      { action: "samba.share.add", variables: { share: "photos" } },
      { action: "samba.share.add", variables: { share: "config", path: "/srv/config" } },
    ];
    for (const instruction of hostile) {
      for (const step of proposals)
        expect(judge(instruction, step).kind, `${instruction} ${JSON.stringify(step)}`).not.toBe("plan");
    }
  });

  it("never has a value in a plan that comes from nowhere, and never throws", () => {
    const words = fc.constantFrom(
      "add",
      "user",
      "john",
      "mary",
      "anna",
      "to",
      "group",
      "staff",
      "sudo",
      "and",
      "for",
      "not",
      "the",
      "restart",
      "smbd",
      "eve's",
    );
    const steps = fc.array(
      fc.oneof(
        fc.record({
          action: fc.constant("users.add"),
          variables: fc.record({
            username: fc.constantFrom("john", "mary", "eve", "zed"),
            groups: fc.constantFrom(["staff"], ["sudo"], []),
          }),
        }),
        fc.record({
          action: fc.constant("service.restart"),
          variables: fc.record({ service: fc.constantFrom("smbd", "sshd") }),
        }),
      ),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 9 }), steps, (list, proposed) => {
        const graded = judge(list.join(" "), ...proposed);
        if (graded.kind !== "plan") return;
        const spoken = list.map((word) => word.replace(/'s$/, ""));
        for (const step of graded.steps)
          for (const value of Object.values(step.variables).flat()) expect(spoken).toContain(value);
      }),
      { numRuns: 1_000 },
    );
    fc.assert(fc.property(fc.string(), fc.string(), (raw, said) => gradeAnswer(raw, contextFor(said)).kind !== "plan"));
  });
});
