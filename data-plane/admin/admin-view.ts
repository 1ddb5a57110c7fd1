import type { LogThreshold } from "../../src/base/log.ts";
import type { JsonValue } from "../../src/schema/json-value.ts";
import type { Message } from "../../src/schema/message.ts";
import type { ActiveCluster } from "../clusters/active-cluster.ts";
import type { Address } from "../network/address.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import type { LayeredRuntime } from "../resources/layered-runtime.ts";
import type { ListedRecords, ResourceRecords } from "../resources/resource-records.ts";
import type { StatsStore } from "../stats/stats-store.ts";

/** `now`: stop accepting; `graceful`: after the drain time; `connections`: accept on, only ask connections to end. */
export type ListenerDrain = "now" | "graceful" | "connections" | "inbound";

/** What the admin endpoint may see and do of the process. */
export interface HostControls {
  /** Bytes. */
  memory(): { readonly allocated: number; readonly heap: number; readonly physical: number };
  readonly logThreshold: LogThreshold;
  /** Opens the files of access logs anew, which somebody has moved away. */
  reopenLogs(): void;
}

/** What the admin endpoint shows of a proxy and may ask of it. */
export interface AdminView {
  /** `ServerInfo.State`. */
  state(): string;
  uptimeMs(): number;
  /** Of this program. */
  readonly version: string;
  /** `ServerInfo.command_line_options`. */
  readonly commandLine: Readonly<Record<string, JsonValue>>;
  readonly node: Message;
  readonly bootstrap: Message;
  /** Wall clock, when the bootstrap was taken. */
  readonly startedAtMs: number;
  readonly stats: StatsStore;
  /** Called when statistics are about to be shown: the histograms' interval may end with it (`stats_flush_on_admin`). */
  beforeStats(): void;
  readonly clusterRecords: ResourceRecords;
  readonly listenerRecords: ResourceRecords;
  endpointRecords(): ListedRecords;
  /** What is subscribed to by name, of a type other than the endpoints. */
  records(typeUrl: string): ListedRecords;
  /** Of every TLS context in use. */
  certificates(): readonly CertificateReport[];
  /** Wall clock. */
  nowMs(): number;
  clusters(): readonly ActiveCluster[];
  isWarming(cluster: string): boolean;
  listeners(): readonly { readonly name: string; readonly address: Address }[];
  toJson(typeName: string, message: Message): JsonValue;
  drainListeners(how: ListenerDrain): void;
  /** Has the proxy tell that it is not to be sent anything, or that it is again. */
  failHealthChecks(isFailed: boolean): void;
  readonly runtime: LayeredRuntime;
  readonly host: HostControls;
  /** Ends the process the way SIGTERM does. */
  quit(): void;
}
