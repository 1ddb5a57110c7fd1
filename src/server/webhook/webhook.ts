import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { Log } from "../../base/log.ts";
import { printable } from "../../base/printable.ts";
import type { GitTarget } from "../../sources/git/target.ts";
import { type RateState, takeRequest } from "../request-rate.ts";
import { irrelevance } from "./concerns.ts";
import { authenticate, type Delivery } from "./signature.ts";

export interface WebhookOptions {
  /** The secrets as they are now; a rotation has two. */
  readonly secrets: () => Promise<readonly string[]>;
  /** What is followed. */
  readonly target: GitTarget;
  /** Has the repository asked soon. */
  readonly poke: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a sender is answered. */
export interface WebhookAnswer {
  readonly status: 202 | 400 | 401 | 429 | 503;
  /** True when the repository is asked because of it. */
  readonly isPoked: boolean;
  readonly message: string;
}

/** Five a second, twenty at once: more than any repository has pushes, and too few for guesses. */
const rate = { perSecond: 5, burst: 20 };
/** Deliveries that are remembered, so that none of them counts twice. */
const mostRemembered = 2000;

/**
 * Takes the deliveries of a repository's webhook. All that a genuine one can do is to have the repository asked sooner than its
 * next poll would: nothing that it says is served.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  /** Hashes of bodies; the oldest goes first. */
  readonly #seen = new Set<string>();
  readonly #counts = new Map<string, number>();
  #rate: RateState | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Deliveries by what came of them: `poked`, `ignored`, `refused`, `limited`. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The answer to one delivery too many, before anything of it is read; undefined when it may be read. */
  admit(): WebhookAnswer | undefined {
    const next = takeRequest(rate, this.#rate, this.#options.clock.monotonic());
    if (!next)
      return this.#answer("limited", 429, "too many deliveries: the next poll finds what they tell of");
    this.#rate = next;
    return undefined;
  }

  /** Takes a delivery that was admitted. */
  async take(delivery: Delivery): Promise<WebhookAnswer> {
    const { secrets, clock, target, poke, log } = this.#options;
    let known: readonly string[];
    try {
      known = await secrets();
    } catch (error) {
      log.error("the secret of the webhook cannot be read", {
        error: errorMessage(error),
      });
      return this.#answer("refused", 503, "the secret cannot be read");
    }
    const authenticity = authenticate(delivery, known, clock.now());
    if (authenticity.kind === "refused") {
      log.warn("webhook delivery is refused", { reason: authenticity.reason });
      return this.#answer("refused", 401, authenticity.reason);
    }
    if (!this.#isNew(delivery)) return this.#answer("ignored", 202, "this delivery was taken before");
    const payload = parse(delivery.body);
    if (payload === undefined)
      return this.#answer("refused", 400, "expected JSON: choose application/json in the webhook's settings");
    const { header } = delivery;
    const event = header("x-github-event") ?? header("x-gitea-event") ?? header("x-gitlab-event");
    const reason = irrelevance(payload, event, target);
    const { sender } = authenticity;
    if (reason !== undefined) {
      log.debug("webhook delivery is ignored", { sender, reason: printable(reason, 300) });
      return this.#answer("ignored", 202, reason);
    }
    log.info("webhook: asking the repository now", { sender });
    poke();
    return this.#answer("poked", 202, "the repository is asked now");
  }

  /** By what was signed and not by the delivery's id, which anybody could change. */
  #isNew({ header, body }: Delivery): boolean {
    const hash = createHash("sha256")
      .update(header("webhook-id") ?? "")
      .update("\0")
      .update(body)
      .digest("base64url");
    if (this.#seen.has(hash)) return false;
    this.#seen.add(hash);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= mostRemembered) break;
      this.#seen.delete(oldest);
    }
    return true;
  }

  #answer(result: string, status: WebhookAnswer["status"], message: string): WebhookAnswer {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
    return { status, isPoked: result === "poked", message };
  }
}

function parse(body: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"),
    );
    return value;
  } catch {
    // A form, or no JSON at all: the caller says so.
    return undefined;
  }
}
