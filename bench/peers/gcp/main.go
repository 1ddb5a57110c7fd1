// Command gcp serves one group of clusters over ADS with go-control-plane, so that it can be measured beside
// Chancery: the same clusters, the same commands on standard input, the same lines on standard output.
//
// Usage: gcp -clusters 1000 -mode sotw|delta
// Standard input: "update N" changes one cluster, N being a number that was not used before; the answer is
// "updated N". Standard output, first: "listening PORT".
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cachev3 "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/types/known/durationpb"
)

// oneGroup puts every node on the same snapshot, as a group of Chancery does.
type oneGroup struct{}

func (oneGroup) ID(*corev3.Node) string { return "default" }

// cluster is what `clusterMessage` of fanout.ts makes, field by field.
func cluster(index, port int) *clusterv3.Cluster {
	name := fmt.Sprintf("cluster-%05d", index)
	return &clusterv3.Cluster{
		Name:                 name,
		ConnectTimeout:       durationpb.New(250 * time.Millisecond),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC},
		LoadAssignment: &endpointv3.ClusterLoadAssignment{
			ClusterName: name,
			Endpoints: []*endpointv3.LocalityLbEndpoints{{
				LbEndpoints: []*endpointv3.LbEndpoint{{
					HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{
						Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
							Address:       "127.0.0.1",
							PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(port)},
						}}},
					}},
				}},
			}},
		},
	}
}

func main() {
	count := flag.Int("clusters", 1000, "clusters in the snapshot")
	flag.String("mode", "sotw", "sotw or delta; the client's choice decides, the flag is there for symmetry")
	flag.Parse()

	snapshots := cachev3.NewSnapshotCache(true, oneGroup{}, nil)
	resources := make([]types.Resource, *count)
	for index := range resources {
		resources[index] = cluster(index, 1)
	}
	publish := func(version int) {
		snapshot, err := cachev3.NewSnapshot(fmt.Sprint(version), map[resourcev3.Type][]types.Resource{
			resourcev3.ClusterType: resources,
		})
		if err == nil {
			err = snapshots.SetSnapshot(context.Background(), "default", snapshot)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	publish(0)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer(
		grpc.MaxConcurrentStreams(1_000_000),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(server, serverv3.NewServer(context.Background(), snapshots, nil))
	go func() { _ = server.Serve(listener) }()
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var number int
		if _, err := fmt.Sscanf(lines.Text(), "update %d", &number); err != nil {
			continue
		}
		index := number % *count
		resources[index] = cluster(index, 1+number)
		publish(number)
		fmt.Printf("updated %d\n", number)
	}
}
