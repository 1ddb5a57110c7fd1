import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { TokenCheck } from "../auth/served-tokens.ts";
import type { RolloutAnswers, RolloutOrder } from "../rollout/rollout-answers.ts";
import { apiVersion, problem } from "./answers.ts";

const bodyMaxBytes = 4 * 1024;

/**
 * `GET /api/v1/rollout`, `/api/v1/rollout/history`, `/api/v1/revisions/ID`; `POST /api/v1/rollout` with
 * `{"action": "pause"}`, which answers 409 and why when nothing was done.
 */
export function rolloutRoutes(app: Hono, source: RolloutAnswers, tokens: TokenCheck | undefined): void {
  const report = () => ({ apiVersion, kind: "Rollout", ...source.rollout() });
  app.get("/api/v1/rollout", (context) => context.json(report()));
  app.get("/api/v1/rollout/history", (context) =>
    context.json({ apiVersion, kind: "RolloutHistory", items: source.rolloutHistory() }),
  );
  app.get("/api/v1/revisions/:id", (context) => {
    const id = context.req.param("id");
    const explanation = source.explain(id);
    if (!explanation) return context.json(problem(`no revision that is known begins with ${id}`), 404);
    return context.json({ apiVersion, kind: "Explanation", ...explanation });
  });
  const onError = (context: Context) =>
    context.json(problem(`the body is larger than ${bodyMaxBytes} bytes`), 413);
  app.post("/api/v1/rollout", bodyLimit({ maxSize: bodyMaxBytes, onError }), async (context) => {
    const order = orderOf(await context.req.json().catch(() => undefined));
    if (typeof order === "string") return context.json(problem(order), 400);
    const by = tokens?.nameOf(context.req.header("authorization")) ?? "local";
    const refusal = await source.orderRollout(order, by);
    return refusal === undefined ? context.json(report()) : context.json(problem(refusal), 409);
  });
}

/** The order, or what is wrong with the body. */
function orderOf(body: unknown): RolloutOrder | string {
  if (typeof body !== "object" || body === null || !("action" in body))
    return 'send a JSON object, such as {"action":"pause"}';
  const { action } = body;
  switch (action) {
    case "pause":
    case "resume":
    case "abort":
    case "retry":
      return { action };
    case "promote": {
      const isFull = "full" in body ? body.full : false;
      return typeof isFull === "boolean" ? { action, isFull } : "full: expected true or false";
    }
    case "undo": {
      const revisionId = "revision" in body ? body.revision : undefined;
      if (revisionId === undefined) return { action };
      const isId = typeof revisionId === "string" && revisionId !== "";
      return isId ? { action, revisionId } : "revision: expected the id of a revision";
    }
    default:
      return "action: expected pause, resume, promote, abort, undo or retry";
  }
}
