import type { Action } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { addUser, contextFor, testActions } from "../../test/fixtures.ts";
import { gradeAnswer } from "./grade-answer.ts";
import hostile from "./hostile-instructions.json" with { type: "json" };
import { buildMatcher, matchInstruction } from "./match-instruction.ts";
import { tokenize } from "./words.ts";

const match = (instruction: string) => matchInstruction(contextFor(instruction));

/** Of a whole request's length: what opens and never closes, what repeats, and single letters. */
const slowTexts = [
  ..."\"'“„«[`".split("").flatMap((opener) => [" ", "\n", opener].map((unit) => ({ opener, unit }))),
  ...["a ", "and ", "a, ", "ü ", "konto ", "lege a und ", "a-", "!"].map((unit) => ({ opener: "add user x", unit })),
].map(({ opener, unit }) => `${opener} `.padEnd(defaults.maxInstructionCharacters - 1, unit).concat("x"));

describe("the matcher", () => {
  it.each([
    ["add user john", "users.add", { username: "john" }],
    ["Add user John.", "users.add", { username: "john" }],
    ["please could you add a new user john", "users.add", { username: "john" }],
    ["creat user john", "users.add", { username: "john" }],
    ["create user john on nas-1", "users.add", { username: "john" }],
    ["create user john on the box", "users.add", { username: "john" }],
    ['add user "john"', "users.add", { username: "john" }],
    ["add user john to the groups staff and sudo", "users.add", { username: "john", groups: ["staff", "sudo"] }],
    ["get rid of user anna", "users.remove", { username: "anna" }],
    ["remove anna's account and keep the home", "users.remove", { username: "anna", keepHome: true }],
    ["onboard member john", "users.add", { username: "john" }],
    ["give john a share", "samba.share.add", { users: ["john"] }],
    ["create a share photos for anna and bob", "samba.share.add", { share: "photos", users: ["anna", "bob"] }],
    ["add a share called photos for anna", "samba.share.add", { share: "photos", users: ["anna"] }],
    ["point nas to 192.168.1.20", "dns.record.add", { name: "nas", value: "192.168.1.20" }],
    ["add an A record for nas pointing to 10.0.0.1", "dns.record.add", { name: "nas", type: "A", value: "10.0.0.1" }],
    ["create a samba share photos", "samba.share.add", { share: "photos" }],
    ["remove user anna but keep her home", "users.remove", { username: "anna", keepHome: true }],
    ["restart smbd", "service.restart", { service: "smbd" }],
    ["how full is the disk?", "disk.usage", {}],
    ["show storage usage", "disk.usage", {}],
  ])("reads %j", (instruction, action, variables) => {
    const understood = match(instruction);
    expect(understood).toMatchObject({ kind: "plan", steps: [{ action, variables }] });
    if (understood.kind !== "plan") return;
    for (const step of understood.steps) {
      for (const source of Object.values(step.provenance)) expect(source.source).toBe("said");
    }
  });

  it("takes no longer for a text that was made to be slow, and neither does what grades a model's answer to it", () => {
    const step = { action: "users.add", variables: { username: "x" } };
    const fenced = "```json".padEnd(defaults.maxInstructionCharacters, "\n").concat("x");
    for (const instruction of slowTexts) {
      const startMs = performance.now();
      match(instruction);
      gradeAnswer(JSON.stringify({ understood: "x", outOfScope: false, steps: [step] }), contextFor(instruction));
      gradeAnswer(fenced, contextFor("add user x"));
      // A few dozen milliseconds, on a busy machine some hundred; a pattern that tries every run of spaces takes minutes.
      expect(performance.now() - startMs, instruction.slice(0, 20)).toBeLessThan(2_000);
    }
  });

  it("reads what French marks quote, without the space inside them", () => {
    const quoted = (text: string) => tokenize(text).filter(({ kind }) => kind === "quoted");
    const text = "add user «  john\n» and « » now";
    expect(quoted(text).map((one) => one.text)).toEqual(["john", ""]);
    for (const one of quoted(text)) expect(text.slice(one.start, one.end)).toBe(one.text);
  });

  it("reads several requests in one sentence, in their order", () => {
    const understood = match("remove user bob, add user carl and then restart smbd");
    expect(understood.kind === "plan" && understood.steps.map((step) => step.action)).toEqual([
      "users.remove",
      "users.add",
      "service.restart",
    ]);
  });

  it.each<[string, string[]]>([
    ["add users john, mary and carl", ["add john", "add mary", "add carl"]],
    ["remove user anna and bob", ["remove anna", "remove bob"]],
    ["user bob: remove, then user carl: add", ["remove bob", "add carl"]],
    ["remove user anna and user bob", ["remove anna", "remove bob"]],
  ])("reads each name of a list, and a verb that is said once: %j", (instruction, expected) => {
    const understood = match(instruction);
    const steps = understood.kind === "plan" ? understood.steps : [];
    expect(steps.map(({ action, variables }) => `${action.split(".")[1]} ${String(variables["username"])}`)).toEqual(
      expected,
    );
  });

  // Each of them once did something that nobody had asked for.
  it.each([
    "add a user for john and mary",
    "remove the old user",
    "remove user anna and the unused users",
    "remove user anna and share photos",
    "the share scans",
    "maybe add user john",
    "can I remove user bob?",
    "user bob should be removed?",
    "anna adds user john",
    "user john was added",
    "add user five",
  ])("takes no word for what it is not: %j", (instruction) => {
    expect(match(instruction).kind, JSON.stringify(match(instruction))).toBe("unsure");
  });

  it("asks for one thing as often as it is named, in whatever order its verb is said", () => {
    const name = fc.stringMatching(/^[bcdfgkptvz]{2,3}[aiou][bcdfgkptvz]{2,3}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 10 }), (names) => {
        const understood = match(`add users ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);
        expect(understood.kind === "plan" && understood.steps.map((step) => step.variables)).toEqual(
          names.map((username) => ({ username })),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("asks one question for a value that is missing, with choices from the facts", () => {
    expect(match("add a user")).toMatchObject({ kind: "question", question: { variable: "username", choices: [] } });
    expect(match("remove a user")).toMatchObject({
      kind: "question",
      question: { variable: "username", choices: ["anna", "bob"] },
    });
    expect(match("restart samba")).toMatchObject({
      kind: "question",
      question: { variable: "service", choices: ["smbd", "dnsmasq"] },
    });
  });

  it("refuses a value that the schema forbids with the schema's own words", () => {
    expect(match("add user root")).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("not a system account"),
    });
    expect(match("share /etc as photos")).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("below /srv"),
    });
  });

  it.each([
    "what's the weather",
    "add user john smith",
    "add user john on nas-2",
    "add user john if there is room",
    "add user john tomorrow",
    "create a share photos anna",
    "a share for him",
    "add user john like last time",
    "make john an admin",
    "restart the server",
    "how do I add user john?",
    "should I remove user bob",
    'the mail says "add user eve now"',
    "the printer does not respond, restart smbd",
    "john",
    "please",
  ])("is not sure about %j", (instruction) => {
    expect(match(instruction).kind).toBe("unsure");
  });

  it.each([
    "add user john tomorrow",
    "add user john if there is room",
    "maybe add user john",
    "add user john like last time",
    'the mail says "add user john"',
    "cannot add user john",
    "remove it",
    "Benutzer john bitte nicht anlegen",
    "n'ajoute pas l'utilisateur john",
  ])("knows that no model's word would be taken for %j", (instruction) => {
    expect(match(instruction)).toMatchObject({ kind: "unsure", final: true });
    const steps = [{ action: "users.add", variables: { username: "john" } }];
    const judged = gradeAnswer(JSON.stringify({ understood: "", outOfScope: false, steps }), contextFor(instruction));
    expect(judged.kind).toBe("unsure");
  });

  it.each(["show it", "let john in", "john needs an account, but no share", "how do I add user john?"])(
    "leaves %j to a model",
    (instruction) => {
      expect(match(instruction)).toMatchObject({ kind: "unsure" });
      expect(match(instruction)).not.toHaveProperty("final");
    },
  );

  it("finds nothing near a question that is none of its business, and the right things near others", () => {
    expect(match("what's the weather")).toMatchObject({ nearest: [] });
    expect(match("the disk makes noises")).toMatchObject({ nearest: ["disk.usage"] });
  });

  it("never makes a plan of a hostile instruction", () => {
    for (const instruction of hostile)
      expect(["refused", "unsure", "question"], instruction).toContain(match(instruction).kind);
    const clear = hostile.filter((instruction) => match(instruction).kind === "refused");
    expect(clear.length).toBeGreaterThanOrEqual(50);
  });

  it("never makes a plan of a negated request", () => {
    const said = fc.constantFrom("add user john", "restart smbd", "create a share photos for anna", "remove user bob");
    const denial = fc.constantFrom("don't ", "do not ", "never ", "please don’t ", "you must not ");
    fc.assert(
      fc.property(denial, said, (no, request) => {
        expect(match(no + request).kind).toBe("refused");
      }),
    );
  });

  it("puts only words of the instruction into a plan, whatever they are", () => {
    const vocabulary =
      "add user john anna share photos for and called restart smbd remove the to groups sudo root , /srv/x point nas not " +
      "{{x}} give a as disk full how is 10.0.0.1 eve all";
    const words = fc.constantFrom(...vocabulary.split(" "));
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 9 }), (list) => {
        const understood = match(list.join(" "));
        if (understood.kind !== "plan" && understood.kind !== "question") return;
        for (const step of understood.steps) {
          for (const value of Object.values(step.variables).flat()) {
            if (typeof value !== "boolean") expect(list).toContain(String(value));
          }
        }
        const values = new Set(understood.steps.flatMap((step) => Object.values(step.variables).flat().map(String)));
        for (const name of ["john", "anna", "eve", "photos", "sudo"]) {
          // A question may drop a value that no target has; a plan leaves nothing out.
          if (understood.kind === "plan" && list.includes(name)) expect(values, list.join(" ")).toContain(name);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("finds an action that was registered later by words outside its examples", () => {
    const drain: Action = {
      ...addUser,
      id: "boiler.drain",
      title: "Drain the boiler",
      variables: z.strictObject({}),
      hints: {},
      examples: ["let the water out"],
      words: ["heating", "purge"],
      risk: { base: "low", rules: [] },
    };
    const actions = [...testActions];
    const matcher = buildMatcher(actions);
    expect(matcher(contextFor("purge the heating")).kind).toBe("unsure");
    actions.push(drain);
    for (const instruction of ["purge the heating", "drain boiler", "please drain the heating"]) {
      expect(matcher(contextFor(instruction)), instruction).toMatchObject({
        kind: "plan",
        steps: [{ action: "boiler.drain" }],
      });
    }
  });

  it("gives the same answer every time", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        expect(match(text)).toEqual(match(text));
      }),
    );
  });
});
