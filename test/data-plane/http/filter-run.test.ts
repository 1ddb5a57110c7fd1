import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChainFilter, FilterOwner } from "../../../data-plane/http/filter-run.ts";
import { FilterRun } from "../../../data-plane/http/filter-run.ts";
import type { FilterSettings } from "../../../data-plane/http/routes/route.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import { localReply } from "../../../data-plane/network/http-message.ts";
import type { HttpFilterStream, HttpStreamView } from "../../../data-plane/resources/http-filter.ts";
import { goOn } from "../../../data-plane/resources/http-filter.ts";

const address = { family: "pipe", path: "" } as const;

/** Notes what comes out behind the filters. */
class Recorder implements FilterOwner {
  readonly notes: string[] = [];
  readonly info = new ConnectionInfo(1, address, address);
  readonly remote = address;
  readonly isInternal = false;
  readonly protocol = "HTTP/1.1";
  readonly bufferLimitBytes = 6;
  readonly request = {
    method: "GET",
    path: "/",
    headers: new HeaderList(),
    scheme: "http",
    isUpgrade: false,
  } as const;
  readonly route;
  source = undefined;

  constructor(filterSettings?: ReadonlyMap<string, FilterSettings>) {
    this.route = {
      name: "r",
      virtualHost: "all",
      filterSettings,
      matches: () => true,
      action: { kind: "reply", reply: () => localReply(200, "") },
      requestMutations: [],
      responseMutations: [],
    } as const;
  }

  formatSource(): never {
    throw new Error("nobody formats here");
  }

  metadata(): undefined {}
  addMetadata(): void {}
  markHealthCheck(): void {
    this.notes.push("health check");
  }

  addResponseFlag(flag: string): void {
    this.notes.push(`flag ${flag}`);
  }

  reply({ status }: { readonly status: number }): void {
    this.notes.push(`reply ${status}`);
  }

  onHeadFiltered(isLast: boolean): void {
    this.notes.push(isLast ? "head, last" : "head");
  }

  onDataFiltered(data: Buffer): void {
    this.notes.push(`data ${data.toString()}`);
  }

  onEndFiltered(): void {
    this.notes.push("end");
  }

  pauseRequest(isPaused: boolean): void {
    this.notes.push(isPaused ? "pause" : "resume");
  }
}

function chain(
  ...filters: readonly ((view: HttpStreamView) => HttpFilterStream | undefined)[]
): ChainFilter[] {
  return filters.map((open, index) => ({
    name: `f${index}`,
    isDisabled: false,
    filter: { kind: "stream", open },
  }));
}

/** Puts a letter in front of each piece of a body, both ways, and behind its end. */
function marks(letter: string): () => HttpFilterStream {
  const mark = (data: Buffer) => Buffer.from(letter + data.toString());
  return () => ({
    onRequestData: mark,
    onRequestEnd: () => Buffer.from(letter),
    onResponseData: mark,
    onResponseEnd: () => Buffer.from(letter),
  });
}

function unset(): void {
  throw new Error("nothing to resume yet");
}

function refusing(): HttpFilterStream {
  return { onRequestHead: () => ({ kind: "reply", reply: localReply(403, "rbac_access_denied") }) };
}

describe("the filters of a connection manager", () => {
  it("see a request in their order and its answer in the opposite one", () => {
    const owner = new Recorder();
    const run = new FilterRun(owner, chain(marks("a"), marks("b")));
    run.requestHead(false);
    run.requestData(Buffer.from("x"));
    run.requestEnd(undefined);
    assert.deepEqual(owner.notes, ["head", "data bax", "data ba", "data b", "end"]);
    assert.equal(run.responseData(Buffer.from("y")).toString(), "aby");
    assert.equal(run.responseEnd(undefined)?.toString(), "aba");
  });

  it("hold a request, its body too, while one of them has paused it", () => {
    const owner = new Recorder();
    let resume = unset;
    const pausing = (view: HttpStreamView): HttpFilterStream => {
      resume = view.resume;
      return { onRequestHead: () => ({ kind: "pause" }), onRequestData: (data) => data };
    };
    const run = new FilterRun(owner, chain(marks("a"), pausing, marks("c")));
    run.requestHead(false);
    run.requestData(Buffer.from("1234"));
    run.requestEnd(undefined);
    assert.deepEqual(owner.notes, []);
    resume();
    assert.deepEqual(owner.notes, ["head", "data ca1234", "data ca", "data c", "end"]);
    resume();
    assert.equal(owner.notes.length, 5, "resumed once only");
  });

  it("let the client go on when the pause is over in the middle of a body", () => {
    const owner = new Recorder();
    let resume = unset;
    const pausing = (view: HttpStreamView): HttpFilterStream => {
      resume = view.resume;
      return { onRequestHead: () => ({ kind: "pause" }) };
    };
    const run = new FilterRun(owner, chain(pausing));
    run.requestHead(false);
    run.requestData(Buffer.from("1234567"));
    resume();
    run.requestData(Buffer.from("8"));
    assert.deepEqual(owner.notes, ["pause", "head", "data 1234567", "resume", "data 8"]);
  });

  it("answer in place of the upstream, unseen by those behind", () => {
    const owner = new Recorder();
    let seen = 0;
    const counting = (): HttpFilterStream => ({
      onRequestHead() {
        seen += 1;
        return goOn;
      },
    });
    new FilterRun(owner, chain(counting, refusing, counting)).requestHead(true);
    assert.deepEqual([owner.notes, seen], [["reply 403"], 1]);
  });

  it("are told once that the exchange is over", () => {
    const owner = new Recorder();
    const run = new FilterRun(
      owner,
      chain(() => ({ onEnd: () => void owner.notes.push("over") })),
    );
    run.end();
    run.end();
    assert.deepEqual(owner.notes, ["over"]);
  });

  it("answer no more once the exchange is over: another may be under way on the connection", () => {
    const owner = new Recorder();
    const views: HttpStreamView[] = [];
    const run = new FilterRun(
      owner,
      chain((view) => {
        views.push(view);
        return {};
      }),
    );
    run.end();
    for (const view of views) view.reply(localReply(403, "late"));
    assert.deepEqual([views.length, owner.notes], [1, []]);
  });

  it("are left out where the route says so, and taken in where it says something to them", () => {
    class Limit {
      readonly most = 1;
    }
    const most: number[] = [];
    const open = (view: HttpStreamView): undefined => {
      most.push(...view.routeConfigs(Limit).map((config) => config.most));
    };
    const [first, second] = chain(open, open);
    const settings = new Map<string, FilterSettings>([
      ["f0", { isDisabled: true, configs: [] }],
      ["f1", { isDisabled: false, configs: [new Limit(), new HeaderList()] }],
    ]);
    new FilterRun(new Recorder(settings), [first!, { ...second!, isDisabled: true }]).requestHead(true);
    assert.deepEqual(most, [1]);
  });
});
