import { expect, test } from "vitest";
import { causeBrief, causeText } from "./causes.ts";

test("what a machine is not healthy for is said in words, with what it is about", () => {
  expect(causeText("diskPercent")).toEqual({ what: "a disk is nearly full" });
  expect(causeText("service:getty@tty1.service")).toEqual({
    what: "a service has failed",
    subject: "getty@tty1.service",
  });
  expect(causeText("disk:/srv:2")).toEqual({ what: "a file system is full", subject: "/srv:2" });
  expect(causeBrief("diskPercent")).toBe("disk");
  expect(causeBrief("drive:/dev/sda")).toBe("drive /dev/sda");
});

test("a kind that this page does not know is shown by its name, whatever it is called", () => {
  expect(causeText("quantum-flux:7")).toEqual({ what: "quantum-flux", subject: "7" });
  expect(causeText("constructor")).toEqual({ what: "constructor" });
  expect(causeBrief("toString")).toBe("toString");
});
