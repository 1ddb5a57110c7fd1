import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { SessionClient, type Contents } from "./session-client.ts";

type Step =
  | { readonly kind: "content"; readonly resources: Readonly<Record<string, string>> }
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "take" }
  | { readonly kind: "ack" }
  | { readonly kind: "nack" };

const name = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("content" as const),
    resources: fc.dictionary(name, fc.constantFrom("1", "2", "3"), { noNullPrototype: true }),
  }),
  fc.record({ kind: fc.constant("names" as const), names: fc.uniqueArray(fc.oneof(name, fc.constant("*"))) }),
  fc.constant({ kind: "take" as const }),
  fc.constant({ kind: "ack" as const }),
  fc.constant({ kind: "nack" as const }),
);

type Taken = NonNullable<ReturnType<SessionClient["next"]>>;

/** A client that keeps what it accepts, and answers in the order in which it was sent things. */
class Model {
  readonly label: "CDS" | "EDS";
  readonly kind: "sotw" | "delta";
  readonly client: SessionClient;
  readonly held = new Map<string, string>();
  names: readonly string[] = [];
  #unanswered: Taken[] = [];
  #accepted = "";
  #lastNonce = "";

  constructor(kind: "sotw" | "delta", label: "CDS" | "EDS") {
    this.kind = kind;
    this.label = label;
    this.client = new SessionClient(kind, {});
    this.want(["a"]);
  }

  wants(key: string): boolean {
    return this.names.includes("*") || this.names.includes(key);
  }

  set(resources: Readonly<Record<string, string>>): void {
    const contents: Contents = { [this.label]: resources };
    this.client.set(contents);
  }

  want(names: readonly string[]): void {
    const before = this.names;
    this.names = names;
    for (const key of this.held.keys()) if (!this.wants(key)) this.held.delete(key);
    if (this.kind === "delta") {
      const unsubscribe = before.filter((key) => !names.includes(key));
      // A client drops a name that it unsubscribes from, and learns anew what a wildcard makes of it.
      for (const key of unsubscribe) this.held.delete(key);
      this.client.delta(this.label, { subscribe: names.filter((key) => !before.includes(key)), unsubscribe });
    } else {
      this.#say();
    }
  }

  take(): boolean {
    const taken = this.client.next();
    if (taken) this.#unanswered.push(taken);
    return taken !== undefined;
  }

  answer(isAck: boolean): void {
    const taken = this.#unanswered.shift();
    if (!taken) return;
    this.#lastNonce = taken.nonce;
    if (isAck) this.#accept(taken);
    const error = isAck ? {} : { error: "no" };
    if (this.kind === "delta") this.client.delta(this.label, { nonce: taken.nonce, ...error });
    else this.#say(error);
  }

  #accept({ response, version }: Taken): void {
    this.#accepted = version;
    const { resources, removed } = response.plan;
    if (this.kind === "sotw" && this.label === "CDS") this.held.clear();
    for (const key of removed) this.held.delete(key);
    for (const resource of resources) {
      if (this.wants(resource.name)) this.held.set(resource.name, resource.bytes.toString());
    }
  }

  #say(error = {}): void {
    this.client.sotw(this.label, {
      names: this.names,
      nonce: this.#lastNonce,
      version: this.#accepted,
      ...error,
    });
  }
}

function run(model: Model, one: Step): void {
  if (one.kind === "content") model.set(one.resources);
  else if (one.kind === "names") model.want(one.names);
  else if (one.kind === "take") model.take();
  else model.answer(one.kind === "ack");
}

/** Gives the model its last content and answers all that still comes with ACKs. */
function settle(model: Model, last: Readonly<Record<string, string>>): void {
  model.set(last);
  for (let rounds = 0; rounds < 50; rounds += 1) {
    model.take();
    model.answer(true);
  }
  assert.equal(model.take(), false, "something is still due after 50 ACKs");
  const wanted = Object.entries(last).filter(([key]) => model.wants(key));
  // SotW of EDS cannot say that a name is no more (XDS-64).
  const isTold = (key: string) => key in last || model.kind === "delta" || model.label === "CDS";
  const held = [...model.held].filter(([key]) => isTold(key));
  assert.deepEqual(new Map(held), new Map(wanted));
}

const contents = fc.dictionary(name, fc.constantFrom("1", "2", "3"), { noNullPrototype: true });

describe("whatever happens on a stream", () => {
  for (const kind of ["sotw", "delta"] as const) {
    for (const label of ["CDS", "EDS"] as const) {
      it(`${kind} ${label}: a client holds exactly what it wants of the last content`, () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 40 }), contents, (steps, last) => {
            const model = new Model(kind, label);
            for (const one of steps) if (one.kind !== "nack") run(model, one);
            settle(model, last);
          }),
          { numRuns: 500 },
        );
      });

      it(`${kind} ${label}: after refusals too, once the content is another`, () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
            const model = new Model(kind, label);
            for (const one of steps) run(model, one);
            settle(model, { a: "last", c: "last" });
          }),
          { numRuns: 500 },
        );
      });
    }
  }
});
