import type { Hono } from "hono";
import type { WhyQuery, WhyReport } from "../why-report.ts";
import { apiVersion, problem } from "./answers.ts";

/** What tells why nodes have what they have. */
export interface WhyAnswers {
  why(query: WhyQuery): Promise<WhyReport>;
}

/** `GET /api/v1/why?node=&name=&type=` */
export function whyRoutes(app: Hono, source: WhyAnswers): void {
  app.get("/api/v1/why", async (context) => {
    const { node, name, type } = context.req.query();
    if (!node || !name) return context.json(problem("node and name: expected both"), 400);
    const { items, problem: wrong } = await source.why({ node, name, type });
    if (wrong !== undefined) return context.json(problem(wrong), 404);
    return context.json({ apiVersion, kind: "WhyList", items });
  });
}
