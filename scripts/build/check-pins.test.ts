import { expect, it } from "vitest";
import { pins } from "../../stacks/pins.ts";
import { checkPins } from "./check-pins.ts";

const sum = (digit: string) => digit.repeat(64);
const pin = { url: "https://maker.example/v1/tool.tar.xz", sha256: sum("a"), list: "https://maker.example/v1/SUMS" };
const says = (text: string) => checkPins({ tool: pin }, async () => text);

it("agrees with a maker's list in each of the forms that sha256sum writes", async () => {
  for (const name of ["tool.tar.xz", "*tool.tar.xz", "./tool.tar.xz"]) {
    expect(await says(`${sum("b")}  other.tar.xz\n${sum("a")}  ${name}\n`), name).toEqual([]);
  }
});

it("names each pin that differs, that the list does not have, and whose list cannot be read", async () => {
  expect(await says(`${sum("b")}  tool.tar.xz\n`)).toEqual([expect.stringContaining(`its maker says ${sum("b")}`)]);
  expect(await says(`${sum("a")}  tool.tar.xz.sig\n`)).toEqual([expect.stringContaining("does not name tool.tar.xz")]);
  const fails = async () => Promise.reject(new Error("no network"));
  expect(await checkPins({ one: pin, two: pin }, fails)).toEqual([
    expect.stringMatching(/^one: .*no network/),
    expect.stringMatching(/^two: .*no network/),
  ]);
});

it("asks each maker at the address of the version that is pinned", () => {
  for (const { version, url, list } of [pins.node, pins.ollama]) {
    expect(new URL(list).host).toBe(new URL(url).host);
    expect(list).toContain(`v${version}/`);
  }
});
