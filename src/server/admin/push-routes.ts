import type { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { unreachable } from "../../base/unreachable.ts";
import type { TokenCheck } from "../auth/served-tokens.ts";
import type { PushedReport, PushDoor } from "../push/push-door.ts";
import type { RevisionReport } from "./admin-source.ts";
import { apiVersion, problem } from "./answers.ts";
import { anyField, flagField, readBody } from "./json-body.ts";

/** Some 80,000 clusters. */
const bodyMaxBytes = 64 * 1024 * 1024;

/** Where a tree is pushed to (`chancery push`). A push says what it replaces (RFC 9110, If-Match), so that no other is lost. */
export function pushRoutes(
  app: Hono,
  door: PushDoor,
  source: { revision(): RevisionReport },
  tokens: TokenCheck | undefined,
): void {
  app.get("/api/v1/tree", async (context) => {
    const now = await door.report();
    return context.json({ apiVersion, kind: "PushedTree", ...now }, 200, { etag: etagOf(now) });
  });
  const onError = () =>
    Response.json(problem(`the body is larger than ${bodyMaxBytes} bytes`), { status: 413 });
  app.put("/api/v1/tree", bodyLimit({ maxSize: bodyMaxBytes, onError }), async (context) => {
    const ifMatch = tagOf(context.req.header("if-match"));
    if (ifMatch === undefined) {
      const message =
        "if-match is needed: the ETag of GET /api/v1/tree, which this push replaces, or * for whatever is there";
      return context.json(problem(message), 428);
    }
    const body: unknown = await context.req.json().catch(() => undefined);
    const push = readBody(body, { files: anyField, allowRemovals: flagField });
    if (typeof push === "string") return context.json(problem(push), 400);
    const { files, allowRemovals: allowsRemovals = false } = push;
    const by = tokens?.nameOf(context.req.header("authorization"));
    const outcome = await door.push({ files, ifMatch, allowsRemovals, ...(by !== undefined && { by }) });
    const answer = { apiVersion, kind: "Push", outcome: outcome.kind };
    switch (outcome.kind) {
      case "accepted": {
        const { now } = outcome;
        return context.json({ ...answer, now, ...source.revision() }, 200, { etag: etagOf(now) });
      }
      case "unkept": {
        // RFC 4918, section 11.5: it may be tried again.
        const { now, isServed, reason } = outcome;
        return context.json({ ...answer, now, isServed, reason }, 507, { etag: etagOf(now) });
      }
      case "refused":
        return context.json({ ...answer, now: outcome.now, ...source.revision() }, 422, {
          etag: etagOf(outcome.now),
        });
      case "malformed":
        return context.json({ ...answer, problems: outcome.problems.slice(0, 1000) }, 400);
      case "conflict":
        return context.json({ ...answer, now: outcome.now }, 412, { etag: etagOf(outcome.now) });
      case "busy":
        return context.json(problem("other pushes are being looked at; try again"), 503);
      default:
        return unreachable(outcome);
    }
  });
}

function etagOf({ tag }: PushedReport): string {
  return `"${tag}"`;
}

/** `"hash"` or `*`; a list or a weak tag is none that could match. */
function tagOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return header.trim() === "*" ? "*" : (/^"([^"]*)"$/.exec(header.trim())?.[1] ?? "");
}
