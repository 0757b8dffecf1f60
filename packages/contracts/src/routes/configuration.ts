import { z } from "zod";
import { configRevisionSchema, configViewSchema, putConfigSchema } from "../appliance-config.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";
import { nodeParams } from "./params.ts";

const api = { door: "api", servedBy: "api" } as const;

/** How appliances' agents behave between their runs, as people see and set it. */
export const configurationRoutes = {
  getConfig: defineRoute({
    ...api,
    id: "getConfig",
    method: "GET",
    path: "/api/v1/appliances/{nodeId}/config",
    access: { role: "viewer" },
    summary: "An appliance's configuration, and whether it keeps to it",
    params: nodeParams,
    status: 200,
    answer: configViewSchema,
  }),
  putConfig: defineRoute({
    ...api,
    id: "putConfig",
    method: "PUT",
    path: "/api/v1/appliances/{nodeId}/config",
    access: { role: "operator" },
    summary: "Replace an appliance's configuration, if the gate lets it through",
    params: nodeParams,
    body: putConfigSchema,
    status: 200,
    answer: configViewSchema,
  }),
  listConfigRevisions: defineRoute({
    ...api,
    id: "listConfigRevisions",
    method: "GET",
    path: "/api/v1/appliances/{nodeId}/config/revisions",
    access: { role: "viewer" },
    summary: "Earlier configurations, the newest first",
    params: nodeParams,
    query: z.strictObject(pageQuery),
    status: 200,
    answer: pageOf(configRevisionSchema),
  }),
} as const;
