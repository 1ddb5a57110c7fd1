import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "../../base/clock.ts";
import type { TokenCheck } from "../auth/served-tokens.ts";
import type { AdminSource } from "./admin-source.ts";
import { apiVersion, problem } from "./answers.ts";
import type { PushDoor } from "../push/push-door.ts";
import type { Webhook } from "../webhook/webhook.ts";
import { eventStream } from "./event-stream.ts";
import { refusalOf } from "./guard.ts";
import { groupMatchRoutes } from "./group-match-routes.ts";
import { pushRoutes } from "./push-routes.ts";
import { webhookRoutes } from "./webhook-routes.ts";
import { flagField, readBody } from "./json-body.ts";
import { limitOf } from "./limit.ts";
import { nodeConfigRoutes } from "./node-config-routes.ts";
import { rolloutRoutes } from "./rollout-routes.ts";
import { whyRoutes } from "./why-routes.ts";

export interface AdminAppOptions {
  readonly source: AdminSource;
  readonly clock: Clock;
  /** Host names besides addresses and `localhost` that requests may be made to. */
  readonly allowedHosts: readonly string[];
  /** All but the probes asks for one of these. */
  readonly tokens?: TokenCheck;
  /** Ends event streams. */
  readonly signal: AbortSignal;
  readonly webhook?: Webhook;
  /** Where trees are pushed to, if they are. */
  readonly pushDoor?: PushDoor;
}

const mostEventStreams = 100;
const bodyMaxBytes = 64 * 1024;

/** The admin API; works on requests as values, without a socket. docs/operating.md describes each path. */
export function createAdminApp(options: AdminAppOptions): Hono {
  const { source } = options;
  const app = new Hono();
  if (options.webhook) webhookRoutes(app, options.webhook);
  guard(app, options);
  probes(app, source);
  queries(app, source);
  whyRoutes(app, source);
  nodeConfigRoutes(app, source);
  groupMatchRoutes(app, source);
  if (options.pushDoor) pushRoutes(app, options.pushDoor, source, options.tokens);
  rolloutRoutes(app, source, options.tokens);
  eventRoutes(app, options);
  app.post("/api/v1/reconcile", bodyLimit({ maxSize: bodyMaxBytes, onError: tooLarge }), async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    const order = readBody(body, { allowRemovals: flagField });
    if (typeof order === "string")
      return context.json(problem(`${order}; send one such as {"allowRemovals":false}`), 400);
    const result = await source.reconcile({ allowsRemovals: order.allowRemovals ?? false });
    return context.json({ apiVersion, kind: "Reconciliation", ...result }, result.isAccepted ? 200 : 422);
  });
  app.notFound((context) => context.json(problem(`there is no ${context.req.path} here`), 404));
  app.onError((error, context) => context.json(problem(error.message), 500));
  return app;
}

/** What a kubelet asks, which has no token; it learns nothing but yes or no. */
const probePaths = new Set(["/livez", "/healthz", "/readyz"]);

function guard(app: Hono, { allowedHosts, tokens }: AdminAppOptions): void {
  app.use(async (context, next) => {
    const header = (name: string) => context.req.header(name);
    const refusal = refusalOf(
      {
        method: context.req.method,
        host: header("host"),
        origin: header("origin"),
        fetchSite: header("sec-fetch-site"),
      },
      allowedHosts,
    );
    context.header("x-content-type-options", "nosniff");
    context.header("cache-control", "no-store");
    if (refusal !== undefined) return context.json(problem(refusal), 403);
    const isOpen = tokens === undefined || probePaths.has(context.req.path);
    if (!isOpen && tokens.nameOf(header("authorization")) === undefined) {
      context.header("www-authenticate", 'Bearer realm="chancery"');
      return context.json(problem("a token is needed: authorization: Bearer TOKEN"), 401);
    }
    const isBody = context.req.method !== "GET" && context.req.method !== "HEAD";
    // A form can be sent across sites without asking; JSON cannot.
    if (isBody && !/^application\/json\b/i.test(header("content-type") ?? "")) {
      return context.json(problem("content-type: expected application/json"), 415);
    }
    return next();
  });
}

function probes(app: Hono, source: AdminSource): void {
  const live = (path: string) => app.get(path, (context) => context.text("OK\n"));
  live("/healthz");
  live("/livez");
  app.get("/readyz", (context) => {
    const reason = source.notReadyBecause();
    return reason === undefined ? context.text("OK\n") : context.text(`${reason}\n`, 503);
  });
  app.get("/version", (context) => context.json({ apiVersion, kind: "Version", version: source.version }));
  app.get("/metrics", async () => {
    const { contentType, text } = await source.metrics();
    return new Response(text, { headers: { "content-type": contentType } });
  });
}

function queries(app: Hono, source: AdminSource): void {
  app.get("/api/v1/nodes", (context) => {
    const wanted = context.req.query("id");
    const items = source.nodes().filter(({ id }) => wanted === undefined || id === wanted);
    return context.json({ apiVersion, kind: "NodeList", items });
  });
  app.get("/api/v1/revision", (context) =>
    context.json({ apiVersion, kind: "Revision", ...source.revision() }),
  );
  app.get("/api/v1/loads", (context) => {
    const { node, cluster } = context.req.query();
    const items = source
      .loads()
      .filter(
        (load) =>
          (node === undefined || load.node === node) && (cluster === undefined || load.cluster === cluster),
      );
    return context.json({ apiVersion, kind: "LoadList", items });
  });
  app.get("/api/v1/resources", (context) => {
    const { type, group, name, limit: limitText } = context.req.query();
    const limit = limitOf(limitText);
    if (typeof limit === "string") return context.json(problem(limit), 400);
    const { resources, isTruncated } = source.resources({ type, group, name, limit });
    return context.json({ apiVersion, kind: "ResourceList", items: resources, isTruncated });
  });
}

function eventRoutes(app: Hono, { source, clock, signal }: AdminAppOptions): void {
  let open = 0;
  app.get("/api/v1/events", (context) => {
    if (open >= mostEventStreams) {
      return context.json(problem(`${mostEventStreams} event streams are open, that is the limit`), 503);
    }
    const after = context.req.header("last-event-id") ?? context.req.query("after");
    const afterId = after === undefined ? source.events.lastId : Number(after);
    if (!Number.isSafeInteger(afterId) || afterId < 0) {
      return context.json(problem(`after: expected an event id, found ${JSON.stringify(after)}`), 400);
    }
    open += 1;
    const onEnd = () => {
      open -= 1;
    };
    return new Response(eventStream({ events: source.events, afterId, clock, signal, onEnd }), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  });
}

function tooLarge(context: { json(body: unknown, status: ContentfulStatusCode): Response }): Response {
  return context.json(problem(`the body is larger than ${bodyMaxBytes} bytes`), 413);
}
