import { expect, it } from "vitest";
import { chooseSlots, modelFor } from "./probe.ts";

it("a lane gets its own model, else another wanted one that is there, else none", () => {
  const wanted = { express: "llama3.2:3b", standard: "mistral" };
  expect(modelFor("express", wanted, ["mistral:latest", "llama3.2:3b"])).toBe("llama3.2:3b");
  expect(modelFor("express", wanted, ["mistral:latest"])).toBe("mistral:latest");
  expect(modelFor("standard", wanted, ["qwen:7b"])).toBeUndefined();
});

it("slots are what was configured, else what Ollama runs in parallel, else one", () => {
  expect(chooseSlots(4, 2)).toMatchObject({ slots: 4 });
  expect(chooseSlots(undefined, 2)).toMatchObject({ slots: 2 });
  expect(chooseSlots()).toMatchObject({ slots: 1 });
});
