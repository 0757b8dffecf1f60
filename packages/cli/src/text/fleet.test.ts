import type { NodeView } from "@steward/contracts/node";
import { expect, it } from "vitest";
import { inventoryOf } from "./inventory.ts";
import { sparkline } from "./sparkline.ts";

const node = (over: Partial<NodeView>): NodeView => ({
  id: "apl_01arz3ndektsv4rrffq69g5fav",
  tenantId: "ten_01arz3ndektsv4rrffq69g5fav",
  kind: "appliance",
  name: "bert",
  hostname: "bert.lan",
  tags: ["site:berlin", "os.release:24-04"],
  doorbell: "pull",
  health: "healthy",
  confirmed: true,
  agentVersion: "1.2.0",
  ...over,
});

it("an inventory has a host for each machine that is not shut out, and a group for each tag", () => {
  const shutOut = node({ name: "gone", revokedAt: "2026-01-01T00:00:00.000Z" });
  const document = inventoryOf([node({}), node({ name: "anna", tags: [], health: "offline" }), shutOut]);
  expect(document).toMatchObject({
    all: {
      hosts: {
        bert: { ansible_host: "bert.lan", steward_agent_version: "1.2.0" },
        anna: { steward_health: "offline" },
      },
      children: {
        appliances: { hosts: { bert: {}, anna: {} } },
        site_berlin: { hosts: { bert: {} } },
        os_release_24_04: { hosts: { bert: {} } },
        health_offline: { hosts: { anna: {} } },
      },
    },
  });
  expect(JSON.stringify(document)).not.toContain("gone");
});

it("an inventory has nothing that Ansible would run, whatever a machine calls itself", () => {
  const evil = "{{ lookup('pipe', 'id') }}";
  const text = JSON.stringify(inventoryOf([node({ hostname: evil, agentVersion: evil })]));
  expect(text).not.toMatch(/\{\{|lookup/);
});

it("an inventory keeps two machines of one name apart", () => {
  const other = "apl_01arz3ndektsv4rrffq69g5fbx";
  const { all } = inventoryOf([node({}), node({ id: other })]) as { all: { hosts: object } };
  expect(Object.keys(all.hosts)).toEqual([`bert.${node({}).id}`, `bert.${other}`]);
});

it("a line of history is as wide as it is told to be, rises with its values and leaves gaps", () => {
  const points = [
    { atMs: 0, value: 0 },
    { atMs: 10, value: 50 },
    { atMs: 40, value: 100 },
    { atMs: 41, value: 100 },
    { atMs: -1, value: 100 },
  ];
  expect(sparkline(points, { fromMs: 0, toMs: 40, width: 5, top: 100 })).toBe("▁▅  █");
});
