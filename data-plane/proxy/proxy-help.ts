/** What `chancery proxy --help` prints. */
export const proxyHelp = `Usage: chancery proxy -c FILE [flags]

Runs the bundled data plane from an Envoy bootstrap, with Envoy's own flags.

Flags:
  -c, --config-path FILE           bootstrap, YAML or JSON
      --config-yaml TEXT           merged over the file, or in place of one
      --mode MODE                  serve (default), validate: check and exit, init_only: start and exit
  -l, --log-level LEVEL            trace, debug, info (default), warning, error, critical, off
      --log-path FILE              log there instead of to the standard error
      --service-node ID            node id, wins over the bootstrap
      --service-cluster NAME       node cluster, wins over the bootstrap
      --service-zone ZONE          zone of the node's locality, wins over the bootstrap
      --concurrency N              worker processes that share the listening sockets (1)
      --drain-time-s SECONDS       how long connections may end by themselves (600)
      --drain-strategy STRATEGY    gradual (default): ever more of them over the drain time; immediate
      --admin-address-path FILE    write the address of the admin endpoint there
      --allow-unknown-static-fields  leave unknown fields of the bootstrap out
      --reject-unknown-dynamic-fields  refuse responses with fields that this version does not know
      --extension FILE             load filters of your own, an ES module; may be repeated (docs/extending.md)
      --proto-path DIR             .proto files of their configurations; may be repeated
      --descriptors FILE           the same as a FileDescriptorSet; may be repeated
      --version                    print the version
  -h, --help                       print this

Envoy's flags for hot restart, log format, stats tags and debugging are taken too, and do nothing.

Examples:
  chancery proxy -c bootstrap.yaml
      serve; Ctrl-C or SIGTERM drains, a second one ends at once
  chancery proxy -c bootstrap.yaml --mode validate
      check the file: prints "configuration 'bootstrap.yaml' OK", or every error at its line, and exits 1
  chancery proxy -c bootstrap.yaml --service-node edge-7 --drain-time-s 30
      one file for many nodes
  chancery proxy -c bootstrap.yaml --extension ./acme.js --proto-path ./protos
      with filters of your own
`;
