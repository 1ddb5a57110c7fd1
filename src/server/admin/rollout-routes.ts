import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { unreachable } from "../../base/unreachable.ts";
import type { TokenCheck } from "../auth/served-tokens.ts";
import type { RolloutAnswers, RolloutOrder } from "../rollout/rollout-answers.ts";
import { apiVersion, problem } from "./answers.ts";
import { type Field, flagField, readBody } from "./json-body.ts";

const bodyMaxBytes = 4 * 1024;

/**
 * `GET /api/v1/rollout`, `/api/v1/rollout/history`, `/api/v1/revisions/ID`; `POST /api/v1/rollout` with
 * `{"action": "pause"}`, which answers 409 and why when nothing was done, and 507 when what was done is not on the disk.
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
    const outcome = await source.orderRollout(order, by);
    switch (outcome.kind) {
      case "done":
        return context.json(report());
      case "refused":
        return context.json(problem(outcome.reason), 409);
      case "unkept": {
        // RFC 4918, section 11.5: it may be tried again.
        const message = `it is done, but a restart would lose it: the state directory refuses it: ${outcome.reason}`;
        return context.json(problem(message), 507);
      }
      default:
        return unreachable(outcome);
    }
  });
}

const actionNames = ["pause", "resume", "promote", "abort", "undo", "retry"] as const;

const action: Field<RolloutOrder["action"]> = {
  expected: "pause, resume, promote, abort, undo or retry",
  is: (value): value is RolloutOrder["action"] => actionNames.some((name) => name === value),
};
const revision: Field<string> = {
  expected: "the id of a revision",
  is: (value): value is string => typeof value === "string" && value !== "",
};

/** The order, or what is wrong with the body. */
function orderOf(body: unknown): RolloutOrder | string {
  const order = readBody(body, { action, full: flagField, revision });
  if (typeof order === "string") return `${order}; send one such as {"action":"pause"}`;
  const strays = [
    order.action === undefined && `action: expected ${action.expected}, found nothing`,
    order.full !== undefined && order.action !== "promote" && "full: goes with promote alone",
    order.revision !== undefined && order.action !== "undo" && "revision: goes with undo alone",
  ].filter((stray) => stray !== false);
  if (order.action === undefined || strays.length > 0) return strays.join("; ");
  if (order.action === "promote") return { action: order.action, isFull: order.full ?? false };
  if (order.action !== "undo") return { action: order.action };
  return { action: order.action, ...(order.revision !== undefined && { revisionId: order.revision }) };
}
