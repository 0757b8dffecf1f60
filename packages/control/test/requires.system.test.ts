import { AppError } from "@steward/contracts/errors";
import type { NodeCaller } from "@steward/control/context";
import { putFacts } from "@steward/control/put-facts";
import { submitTask } from "@steward/control/submit-task";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.stop());

it("what an appliance lacks is told at planning, with the action to run first; an earlier step provides it", async () => {
  const person = await house.tenant();
  const appliance: NodeCaller = await house.machine(person.tenantId, "appliance");
  const says = (setups: string[]) => putFacts(house, appliance, { nodeId: appliance.nodeId }, { setups });
  const deps = {
    ...house,
    actions: house.actions.map((action) =>
      action.id === "samba.share.add" ? { ...action, requires: ["users.add"] } : action,
    ),
  };
  const request = { targets: ["attic"], mode: "apply" as const, verbosity: 0 };
  const share = { action: "samba.share.add", variables: { share: "photos" } };
  const words = { ...request, instruction: "create a share photos for anna" };
  const lacking = 'needs "Add a user" (users.add) first, which attic does not have';

  await says([]);
  const refused = await submitTask(deps, person, { ...request, steps: [share] }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({
    code: "unprocessable",
    message: expect.stringContaining(lacking),
    next: expect.stringContaining("Run users.add there first"),
    fields: [{ path: "steps.0.action" }],
  });
  expect(await submitTask(deps, person, words)).toMatchObject({
    status: "failed",
    result: { message: expect.stringContaining(lacking) },
  });
  const both = [{ action: "users.add", variables: { username: "john" } }, share];
  expect(await submitTask(deps, person, { ...request, steps: both })).toMatchObject({ plan: { steps: [{}, {}] } });

  await says(["users.add"]);
  expect(await submitTask(deps, person, { ...request, steps: [share] })).toMatchObject({ plan: { steps: [{}] } });
  expect((await submitTask(deps, person, words)).status).not.toBe("failed");
});
