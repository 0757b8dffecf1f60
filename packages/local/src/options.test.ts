import { expect, it } from "vitest";
import { parseOptions } from "./options.ts";

it("has defaults, and finds folders from where it was called", () => {
  expect(parseOptions([], "/work")).toMatchObject({
    appliances: 25,
    "state-dir": "/work/.steward",
    "api-port": 4400,
    executor: "auto",
    fleet: true,
  });
  expect(parseOptions(["--no-fleet", "--no-worker", "--appliances", "3"], "/work")).toMatchObject({
    fleet: false,
    worker: false,
    appliances: 3,
  });
});

it("names what is wrong, and where the options are listed", () => {
  for (const [args, words] of [
    [["--port", "1"], "--port"],
    [["--appliances", "many"], "--appliances"],
    [["--executor", "magic", "--api-port", "0"], "--executor"],
    [["--api-port", "99999"], "--api-port"],
  ] as const) {
    expect(() => parseOptions(args, "/work")).toThrow(
      expect.objectContaining({ message: expect.stringContaining(words) }),
    );
  }
});
