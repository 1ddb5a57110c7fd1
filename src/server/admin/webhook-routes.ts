import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Webhook } from "../webhook/webhook.ts";

/** Pushes of a thousand commits are told of in less. */
const bodyMaxBytes = 4 * 1024 * 1024;

const shape = { apiVersion: "chancery/v1", kind: "WebhookDelivery" };

/**
 * Where a repository's host delivers to. It asks for no bearer token, since senders have none: each delivery proves by its signature
 * that it is genuine. So it stands before the guard of the other paths.
 */
export function webhookRoutes(app: Hono, webhook: Webhook): void {
  const onError = () => new Response(`the body is larger than ${bodyMaxBytes} bytes\n`, { status: 413 });
  app.post("/api/v1/webhook", async (context, next) => {
    const tooMany = webhook.admit();
    if (tooMany) return context.json({ ...shape, isPoked: false, message: tooMany.message }, tooMany.status);
    return next();
  });
  app.post("/api/v1/webhook", bodyLimit({ maxSize: bodyMaxBytes, onError }), async (context) => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const { status, isPoked, message } = await webhook.take({
      header: (name) => context.req.header(name),
      body,
    });
    return context.json({ ...shape, isPoked, message }, status);
  });
}

/** An app with that path alone, for a listener of its own that may face other networks. */
export function createWebhookApp(webhook: Webhook): Hono {
  const app = new Hono();
  webhookRoutes(app, webhook);
  app.notFound((context) => context.text("only POST /api/v1/webhook is here\n", 404));
  app.onError((_error, context) => context.text("the delivery could not be read\n", 400));
  return app;
}
