import { expect, it } from "vitest";
import { missingModels, modelFor } from "./probe.ts";

it("a lane gets its own model, else another wanted one that is there, else none", () => {
  const wanted = { express: "llama3.2:3b", standard: "mistral" };
  expect(modelFor("express", wanted, ["mistral:latest", "llama3.2:3b"])).toBe("llama3.2:3b");
  expect(modelFor("express", wanted, ["mistral:latest"])).toBe("mistral:latest");
  expect(modelFor("standard", wanted, ["qwen:7b"])).toBeUndefined();
});

it("missing is what is wanted and not there, each once, the shortest lane's first", () => {
  const wanted = { bulk: "mistral", standard: "mistral", express: "llama3.2:3b" };
  expect(missingModels(wanted, [])).toEqual(["llama3.2:3b", "mistral"]);
  expect(missingModels(wanted, ["mistral:latest", "llama3.2:3b"])).toEqual([]);
});
