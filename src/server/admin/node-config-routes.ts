import type { Hono } from "hono";
import type { NodeConfigQuery, NodeConfigReport } from "../node-config-report.ts";
import { apiVersion, problem } from "./answers.ts";
import { limitOf } from "./limit.ts";

/** What tells what nodes are given and have. */
export interface NodeConfigAnswers {
  nodeConfig(query: NodeConfigQuery): Promise<NodeConfigReport>;
}

/** `GET /api/v1/config?node=&type=&limit=&content=` */
export function nodeConfigRoutes(app: Hono, source: NodeConfigAnswers): void {
  app.get("/api/v1/config", async (context) => {
    const { node, type, limit: limitText, content = "true" } = context.req.query();
    if (!node) return context.json(problem("node: expected the id of a node"), 400);
    if (content !== "true" && content !== "false")
      return context.json(problem(`content: expected true or false, found ${JSON.stringify(content)}`), 400);
    const limit = limitOf(limitText);
    if (typeof limit === "string") return context.json(problem(limit), 400);
    const report = await source.nodeConfig({ node, type, limit, hasContent: content === "true" });
    return context.json({ apiVersion, kind: "NodeConfig", ...report });
  });
}
