import type { DownstreamLimit } from "../bootstrap/overload.ts";
import type { Address } from "../network/address.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import { formatAddress, isSameAddress } from "../network/address.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { RunContext } from "../resources/extension.ts";
import type { ListenerConfig } from "../resources/listener.ts";
import type { ListenerSurroundings } from "./active-listener.ts";
import { ActiveListener } from "./active-listener.ts";
import type { Binding, ClearPipe } from "./binding.ts";
import { bind, removePipe } from "./binding.ts";
import type { DrainStrategy } from "./drain-sequence.ts";
import { GlobalConnectionLimit } from "./global-connection-limit.ts";
import { DrainSequence } from "./drain-sequence.ts";

export interface ListenerSetOptions {
  readonly run: RunContext;
  readonly nextId: () => number;
  /** How long connections of a listener that is gone may go on (`--drain-time-s`, Envoy's default 600 s). */
  readonly drainMs: number;
  /** `--drain-strategy`. */
  readonly drainStrategy: DrainStrategy;
  /** For all listeners together; absent for no limit. */
  readonly connectionLimit?: DownstreamLimit;
  /** Of this process among those that share the listening sockets; 0 when it is alone. */
  readonly workerIndex?: number;
  /** Removes what a process that died has left at the path of a pipe. */
  readonly clearPipe?: ClearPipe;
}

interface Entry {
  readonly listener: ActiveListener;
  /** Absent before the set accepts, and for a listener that is not to be bound. */
  readonly binding: Binding | undefined;
}

/** Something whose connections are asked to end. */
interface Draining {
  /** Cancels the end of the drain time. */
  readonly cancel: () => void;
  /** A whole listener, or after an update in place the chains that it has no more. */
  readonly what: "listener" | { readonly chains: number };
}

/**
 * The listeners of a proxy, by name. An update takes effect for new connections at once and leaves no gap; what runs on the old
 * version drains (XC-42 to XC-45).
 */
export class ListenerSet {
  readonly #options: ListenerSetOptions;
  readonly #stats;
  readonly #surroundings: ListenerSurroundings;
  readonly #entries = new Map<string, Entry>();
  readonly #draining = new Map<ActiveListener, Draining>();
  /** Versions that wait for what they need; what they replace serves meanwhile (XC-42). */
  readonly #warming = new Map<string, ActiveListener>();
  /** Updates happen one after the other, those that end a warming among them. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #drainSequence: DrainSequence;
  #cancelStop: (() => void) | undefined;
  /** `/healthcheck/fail`: all connections are asked to end, but for listeners with `drain_type: MODIFY_ONLY`. */
  isHealthCheckFailed = false;
  #state: "not-started" | "accepting" | "stopped" = "not-started";

  constructor(options: ListenerSetOptions) {
    this.#options = options;
    const { stats } = options.run;
    this.#stats = {
      counters: stats.counters("listener_manager", [
        "listener_added",
        "listener_create_failure",
        "listener_create_success",
        "listener_in_place_updated",
        "listener_modified",
        "listener_removed",
        "listener_stopped",
      ]),
      gauges: stats.gauges("listener_manager", [
        "total_filter_chains_draining",
        "total_listeners_active",
        "total_listeners_draining",
        "total_listeners_warming",
        "workers_started",
      ]),
    };
    const { clock, random } = options.run;
    const { drainMs, drainStrategy: strategy } = options;
    const newDrain = () => new DrainSequence({ clock, random, drainMs, strategy });
    this.#drainSequence = newDrain();
    const isHealthCheckFailed = () => this.isHealthCheckFailed;
    this.#surroundings = {
      nextId: options.nextId,
      findByAddress: (info) => this.#findByAddress(info),
      drain: this.#drainSequence,
      workerIndex: options.workerIndex ?? 0,
      connectionLimit: options.connectionLimit && new GlobalConnectionLimit(options.connectionLimit),
      get isHealthCheckFailed() {
        return isHealthCheckFailed();
      },
      newDrain,
    };
  }

  /** Where each listener stands, in the order of addition; the configured addresses while it is not bound. */
  addresses(): readonly { readonly name: string; readonly address: Address }[] {
    return [...this.#entries].flatMap(([name, { listener, binding }]) =>
      (binding?.addresses ?? configured(listener)).map((address) => ({ name, address })),
    );
  }

  /** Connections that are open now, draining ones too. */
  get connectionCount(): number {
    const listeners = [
      ...[...this.#entries.values()].map(({ listener }) => listener),
      ...this.#draining.keys(),
    ];
    return listeners.reduce((count, listener) => count + listener.connectionCount, 0);
  }

  /** Of the TLS of the listeners that serve. */
  certificates(): readonly CertificateReport[] {
    return [...this.#entries.values()].flatMap(({ listener }) => listener.certificates());
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  isWarming(name: string): boolean {
    return this.#warming.has(name);
  }

  /** Done when every listener that is there has what it needs, or gave up on it. Does not reject. */
  async whenWarm(): Promise<void> {
    for (;;) {
      const waits = [...this.#entries.values()].flatMap(({ listener }) => listener.ready ?? []);
      if (waits.length === 0) return;
      await Promise.all(waits);
    }
  }

  /**
   * Binds everything and begins to accept. Gives the reasons, by name, why listeners could not be bound; those are dropped.
   */
  async start(): Promise<ReadonlyMap<string, string>> {
    this.#state = "accepting";
    const failures = new Map<string, string>();
    for (const [name, { listener }] of this.#entries) {
      const binding = await this.#bind(listener.config);
      if (binding && "reason" in binding) {
        failures.set(name, binding.reason);
        this.#entries.delete(name);
        this.#stats.counters.listener_create_failure += 1;
      } else this.#serve(name, listener, binding);
    }
    this.#stats.gauges.workers_started.set(1);
    this.#count();
    return failures;
  }

  /**
   * Adds a listener or replaces the one of its name. Gives the reason when it cannot be: the old one then stays as it was. Once the proxy
   * accepts, a version that still needs something (routes, secrets) takes its place when that is here.
   */
  update(config: ListenerConfig): Promise<string | undefined> {
    return this.#inTurn(() => this.#update(config));
  }

  async #update(config: ListenerConfig): Promise<string | undefined> {
    const conflict = this.#conflict(config);
    if (conflict !== undefined) return conflict;
    const { name } = config;
    const old = this.#entries.get(name);
    const listener = new ActiveListener(config, this.#options.run, this.#surroundings, old?.listener);
    const { ready } = listener;
    const isNew = !old && !this.#warming.has(name);
    const isImmediate = ready === undefined || this.#state !== "accepting";
    const reason = await (isImmediate ? this.#takeOver(listener) : this.#tryAddress(config, old));
    if (reason !== undefined) {
      this.#stats.counters.listener_create_failure += 1;
      listener.release();
      return reason;
    }
    this.#stats.counters[isNew ? "listener_added" : "listener_modified"] += 1;
    if (isImmediate) return undefined;
    this.#dropWarming(name);
    this.#warming.set(name, listener);
    this.#count();
    void ready.then(() => this.#inTurn(() => this.#endWarming(listener)));
    return undefined;
  }

  /** Its address was tried, so that a failure now comes from somebody who took it since. */
  async #endWarming(listener: ActiveListener): Promise<void> {
    const { name } = listener.config;
    if (this.#warming.get(name) !== listener) return;
    const reason = await this.#takeOver(listener);
    if (reason === undefined) return;
    this.#dropWarming(name);
    this.#stats.counters.listener_create_failure += 1;
    this.#options.run.log.error("cannot open a listener", { listener: name, error: reason });
  }

  /** Puts a version in the place of the one of its name. Gives the reason when its address cannot be bound. */
  async #takeOver(listener: ActiveListener): Promise<string | undefined> {
    const { counters } = this.#stats;
    const { config } = listener;
    const wasWarming = this.#warming.get(config.name) === listener;
    const old = this.#entries.get(config.name);
    const canTakeOver = old?.binding && isSameSocket(old.listener.config, config);
    // Two sockets cannot hold one address: where only the socket's options change, the old one makes room first.
    if (old && !canTakeOver && sharedAddress(old.listener.config, config)) old.binding?.close();
    const binding = canTakeOver ? old.binding : await this.#bind(config);
    if (binding && "reason" in binding) return binding.reason;
    if (wasWarming && this.#warming.get(config.name) !== listener) {
      // It was removed while its address was bound.
      binding?.close();
      return undefined;
    }
    if (wasWarming) this.#warming.delete(config.name);
    else this.#dropWarming(config.name);
    this.#serve(config.name, listener, binding);
    if (old) {
      if (old.binding !== binding) old.binding?.close();
      if (old.listener.config.fingerprint === config.fingerprint) {
        counters.listener_in_place_updated += 1;
        this.#drain(old.listener, { chains: old.listener.handOver(listener) });
      } else this.#drain(old.listener, "listener");
    }
    this.#count();
    return undefined;
  }

  /** Stops accepting at once; connections drain. */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry && !this.#warming.has(name)) return;
    this.#stats.counters.listener_removed += 1;
    this.#dropWarming(name);
    if (entry) {
      this.#entries.delete(name);
      entry.binding?.close();
      this.#drain(entry.listener, "listener");
    }
    this.#count();
  }

  /** `/drain_listeners?graceful`: asks connections to end over the drain time, accepting all the while, then stops accepting. */
  drainThenStop(): void {
    this.#drainSequence.start();
    this.#cancelStop ??= this.#options.run.clock.after(this.#options.drainMs, () => this.stop());
  }

  /** `/drain_listeners?skip_exit`: asks connections to end over the drain time, and goes on accepting. */
  startDraining(): void {
    this.#drainSequence.start();
  }

  /** `/drain_listeners?inboundonly`: stops accepting on listeners whose `traffic_direction` is INBOUND. */
  stopInbound(): void {
    for (const { listener, binding } of this.#entries.values()) {
      if (!listener.config.isInbound) continue;
      binding?.close();
      this.#stats.counters.listener_stopped += 1;
    }
  }

  /** Stops accepting everywhere; connections go on until `drain` or `destroy`. */
  stop(): void {
    if (this.#state === "stopped") return;
    this.#cancelStop?.();
    this.#state = "stopped";
    for (const { binding } of this.#entries.values()) {
      binding?.close();
      this.#stats.counters.listener_stopped += 1;
    }
  }

  /** Stops accepting, asks connections to end and waits for them, at most so long; then closes them. */
  async drain(timeoutMs: number): Promise<void> {
    this.#drainSequence.start();
    this.stop();
    const listeners = [
      ...[...this.#entries.values()].map(({ listener }) => listener),
      ...this.#draining.keys(),
    ];
    let cancel: (() => void) | undefined;
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#options.run.clock.after(timeoutMs, resolve);
    });
    const idle = Promise.all(
      listeners.map((listener) => new Promise<void>((resolve) => listener.whenIdle(resolve))),
    );
    await Promise.race([idle, timeout]);
    cancel?.();
    this.destroy();
  }

  /** Stops accepting and closes every connection now. */
  destroy(): void {
    this.stop();
    for (const name of this.#warming.keys()) this.#dropWarming(name);
    for (const { listener } of this.#entries.values()) {
      listener.closeConnections();
      listener.release();
    }
    for (const [listener, { cancel }] of this.#draining) {
      cancel();
      listener.closeConnections();
      listener.release();
    }
    this.#draining.clear();
    this.#entries.clear();
    this.#count();
  }

  #conflict(config: ListenerConfig): string | undefined {
    for (const [name, { listener }] of this.#entries) {
      const shared = name === config.name ? undefined : sharedAddress(listener.config, config);
      if (!shared) continue;
      const subject = `error adding listener: '${config.name}' has duplicate address '${formatAddress(shared)}'`;
      const hint =
        "to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port'";
      return `${subject} as existing listener, ${hint} is set to 'false' for the listener`;
    }
    return undefined;
  }

  /**
   * Before the start nothing must accept, yet a refusal has to come now: the address is tried and given back. After it, the
   * binding is for good.
   */
  async #bind(config: ListenerConfig): Promise<Binding | undefined | { readonly reason: string }> {
    if (!config.isBound || this.#state === "stopped") return undefined;
    const binding = await bind(config, this.#options.clearPipe ?? removePipe, this.#options.run.clock);
    if ("reason" in binding || this.#state === "accepting") return binding;
    binding.close();
    return undefined;
  }

  /** Whether the address of a version that is to warm can be had at all; what warms does not listen. */
  async #tryAddress(config: ListenerConfig, old: Entry | undefined): Promise<string | undefined> {
    if (old?.binding && sharedAddress(old.listener.config, config)) return undefined;
    const binding = await this.#bind(config);
    if (!binding) return undefined;
    if ("reason" in binding) return binding.reason;
    binding.close();
    return undefined;
  }

  #dropWarming(name: string): void {
    this.#warming.get(name)?.release();
    this.#warming.delete(name);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #serve(name: string, listener: ActiveListener, binding: Binding | undefined): void {
    this.#entries.set(name, { listener, binding });
    this.#stats.counters.listener_create_success += binding ? 1 : 0;
    binding?.serve((socket, local) => listener.accept(socket, local));
  }

  #findByAddress(info: ConnectionInfo): ActiveListener | undefined {
    for (const { listener } of this.#entries.values()) {
      if (configured(listener).some((address) => isSameAddress(address, info.local))) return listener;
    }
    return undefined;
  }

  #drain(listener: ActiveListener, what: "listener" | { readonly chains: number }): void {
    const { drainMs, run } = this.#options;
    listener.startDrain();
    const cancel = run.clock.after(drainMs, () => listener.closeConnections());
    this.#draining.set(listener, { cancel, what });
    listener.whenIdle(() => {
      cancel();
      this.#draining.delete(listener);
      // Only now its names leave the wire (XC-44).
      listener.release();
      this.#count();
    });
  }

  #count(): void {
    const { gauges } = this.#stats;
    let listeners = 0;
    let chains = 0;
    for (const { what } of this.#draining.values()) {
      if (what === "listener") listeners += 1;
      else chains += what.chains;
    }
    gauges.total_listeners_warming.set(this.#warming.size);
    gauges.total_listeners_active.set(this.#entries.size);
    gauges.total_listeners_draining.set(listeners);
    gauges.total_filter_chains_draining.set(chains);
  }
}

function configured({ config }: ActiveListener): readonly Address[] {
  return config.addresses.map(({ address }) => address);
}

/** An address that both are to listen on. Port 0 is another one each time. */
function sharedAddress(a: ListenerConfig, b: ListenerConfig): Address | undefined {
  const taken = a.addresses.map(({ address }) => address);
  const wanted = b.addresses.map(({ address }) => address);
  return wanted.find(
    (address) =>
      !(address.family !== "pipe" && address.port === 0) &&
      taken.some((other) => isSameAddress(other, address)),
  );
}

/** True when the listening sockets of one version can go on as those of the other. */
function isSameSocket(a: ListenerConfig, b: ListenerConfig): boolean {
  const isSame = a.isBound === b.isBound && a.backlog === b.backlog && a.keepAliveMs === b.keepAliveMs;
  return isSame && JSON.stringify(a.addresses) === JSON.stringify(b.addresses);
}
