import { createNotificationSchema, notificationEvents } from "@steward/contracts/notification";
import { describe, expect, it } from "vitest";
import { eventsText, nameOf, newDraft, problemsOf, receiverOf, shownAddress } from "./receiver-draft.ts";

const draft = newDraft("Europe/Berlin");

describe("a receiver that somebody types", () => {
  it("is what the API takes, of each kind", () => {
    for (const where of [
      "https://hooks.example.org/steward",
      " ops@example.org ",
      "arn:aws:sns:eu-central-1:123456789012:steward-notices-ops",
    ]) {
      const body = receiverOf({ ...draft, where, quiet: true });
      expect(createNotificationSchema.safeParse(body).success, where).toBe(true);
    }
  });

  it("is called by its address, its host or its topic where nobody says how", () => {
    expect(nameOf("ops@example.org")).toBe("ops@example.org");
    expect(nameOf("https://hooks.example.org/x/y")).toBe("hooks.example.org");
    expect(nameOf("arn:aws:sns:eu-central-1:123456789012:steward-notices-ops")).toBe("steward-notices-ops");
    expect(receiverOf({ ...draft, where: "a@b.example", name: " On call " })?.name).toBe("On call");
  });

  it("is told what is wrong with it", () => {
    expect(problemsOf({ ...draft, where: "" })).toHaveProperty("where");
    expect(problemsOf({ ...draft, where: "javascript:alert(1)" })).toHaveProperty("where");
    expect(problemsOf({ ...draft, where: "a@b.example", events: new Set() })).toHaveProperty("events");
    expect(problemsOf({ ...draft, where: "a@b.example", quiet: true, ends: "22:00" })).toHaveProperty("quiet");
    expect(receiverOf({ ...draft, where: "nowhere" })).toBeUndefined();
  });
});

describe("an address on the page", () => {
  it("has nothing in it that lets somebody write there", () => {
    const url = "https://hooks.example.org/services/T0001/B0002/verysecretword?key=alsosecret";
    expect(shownAddress({ kind: "webhook", url })).toBe("https://hooks.example.org/services/…");
    expect(shownAddress({ kind: "webhook", url: "https://user:word@hooks.example.org/" })).not.toContain("word");
    const long = shownAddress({ kind: "webhook", url: "https://h.example/abcdefghijklmnopqrstuvwxyz0123456789" });
    expect(long).toBe("https://h.example/…");
    expect(shownAddress({ kind: "webhook", url: "https://h.example/steward" })).toBe("https://h.example/steward");
    expect(shownAddress({ kind: "email", url: "mailto:ops@example.org" })).toBe("ops@example.org");
  });
});

it("events are said in a few words", () => {
  expect(eventsText([...notificationEvents])).toBe("everything");
  expect(eventsText(["alert.raised", "alert.resolved", "alert.escalated"])).toBe("alerts");
  expect(eventsText(["alert.escalated"])).toBe("an alert is left alone");
});
