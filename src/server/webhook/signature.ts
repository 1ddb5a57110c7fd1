import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request of a webhook, before anything of it is believed. */
export interface Delivery {
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

export type Authenticity =
  | { readonly kind: "genuine"; readonly sender: "github" | "gitlab" | "gitea" | "standard" }
  | { readonly kind: "refused"; readonly reason: string };

/** As the Standard Webhooks specification has it; clocks of both sides may differ by so much. */
const toleranceSeconds = 300;

/**
 * Whether a delivery was made by somebody who knows one of the secrets: GitHub (`X-Hub-Signature-256`), Gitea and Forgejo
 * (`X-Gitea-Signature`), GitLab (`X-Gitlab-Token`), and Standard Webhooks (`webhook-signature`, with id and time), which is also
 * how GitLab signs and what a sender of one's own should use. Takes the same time however much of a signature is right.
 */
export function authenticate(
  { header, body }: Delivery,
  secrets: readonly string[],
  nowMs: number,
): Authenticity {
  const standard = header("webhook-signature");
  if (standard !== undefined) return authenticateStandard({ header, body }, standard, secrets, nowMs);
  const gitea = header("x-gitea-signature");
  if (gitea !== undefined) return verdict("gitea", isOneOf(gitea, secrets, hexHmac(body)));
  const github = header("x-hub-signature-256");
  if (github !== undefined) {
    return verdict(
      "github",
      isOneOf(github, secrets, (secret) => `sha256=${hexHmac(body)(secret)}`),
    );
  }
  const gitlab = header("x-gitlab-token");
  if (gitlab !== undefined)
    return verdict(
      "gitlab",
      isOneOf(gitlab, secrets, (secret) => secret),
    );
  return { kind: "refused", reason: "it is not signed in a way that is known here" };
}

function authenticateStandard(
  { header, body }: Delivery,
  signatures: string,
  secrets: readonly string[],
  nowMs: number,
): Authenticity {
  const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
  if (id === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) {
    return {
      kind: "refused",
      reason: "webhook-id and webhook-timestamp are needed beside webhook-signature",
    };
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const given = signatures.split(" ").slice(0, 10);
  const isGenuine = given
    .map((signature) =>
      isOneOf(signature, secrets, (secret) => `v1,${hmac(keyOf(secret), signed).toString("base64")}`),
    )
    .includes(true);
  if (!isGenuine) return verdict("standard", false);
  const skew = Math.abs(nowMs / 1000 - Number(timestamp));
  if (skew > toleranceSeconds) {
    return {
      kind: "refused",
      reason: `its time is ${Math.round(skew)} s off, the limit is ${toleranceSeconds} s`,
    };
  }
  return { kind: "genuine", sender: "standard" };
}

function verdict(sender: "github" | "gitlab" | "gitea" | "standard", isGenuine: boolean): Authenticity {
  return isGenuine ? { kind: "genuine", sender } : { kind: "refused", reason: "its signature is not right" };
}

/** `whsec_` and base64 is a key as Standard Webhooks writes it; anything else is the key itself. */
function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
}

function isOneOf(given: string, secrets: readonly string[], expected: (secret: string) => string): boolean {
  // Hashes have one length, as the comparison needs; every secret is tried, so that time does not tell which one it was.
  return secrets.map((secret) => timingSafeEqual(digest(given), digest(expected(secret)))).includes(true);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function hexHmac(body: Uint8Array): (secret: string) => string {
  return (secret) => hmac(Buffer.from(secret), body).toString("hex");
}

function hmac(key: Buffer, body: Uint8Array): Buffer {
  return createHmac("sha256", key).update(body).digest();
}
