// Command gcp serves one group of resources over ADS with go-control-plane, so that it can be measured beside
// Chancery: the same resources, the same commands on standard input, the same lines on standard output.
//
// Usage: gcp -clusters 1000 [-content clusters|mixed|endpoints] [-endpoints 1] [-bytes 0]
// clusters: static clusters, from a SnapshotCache. mixed: clusters with their endpoints, and a listener with its route for
// every ten of them, from a SnapshotCache. endpoints: the endpoints alone, from a LinearCache.
// Standard input: "update N [MADE]" changes one cluster, or the endpoints of one where there are endpoints, N being a number
// that was not used before and MADE what stands as time in the zone of the endpoints; the answer is "updated N". "collect"
// frees memory as far as it can be freed; the answer is "collected". Standard output, first: "listening PORT".
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cachev3 "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// oneGroup puts every node on the same snapshot, as a group of Chancery does.
type oneGroup struct{}

func (oneGroup) ID(*corev3.Node) string { return "default" }

// cluster is what `staticCluster` of chancery-server.ts makes, field by field.
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

// padded makes a cluster larger by a text in its endpoints' locality.
func padded(made *clusterv3.Cluster, bytes int) *clusterv3.Cluster {
	if bytes > 0 {
		made.LoadAssignment.Endpoints[0].Locality = &corev3.Locality{Region: strings.Repeat("x", bytes)}
	}
	return made
}

// aggregated is where clusters and listeners of mixed content take the rest from.
var aggregated = &corev3.ConfigSource{
	ResourceApiVersion:    corev3.ApiVersion_V3,
	ConfigSourceSpecifier: &corev3.ConfigSource_Ads{Ads: &corev3.AggregatedConfigSource{}},
}

func endpointCluster(index int) *clusterv3.Cluster {
	return &clusterv3.Cluster{
		Name:                 fmt.Sprintf("cluster-%05d", index),
		ConnectTimeout:       durationpb.New(250 * time.Millisecond),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS},
		EdsClusterConfig:     &clusterv3.Cluster_EdsClusterConfig{EdsConfig: aggregated},
	}
}

func assignment(index, count int, zone string) *endpointv3.ClusterLoadAssignment {
	endpoints := make([]*endpointv3.LbEndpoint, count)
	for number := range endpoints {
		endpoints[number] = &endpointv3.LbEndpoint{HostIdentifier: &endpointv3.LbEndpoint_Endpoint{
			Endpoint: &endpointv3.Endpoint{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
				SocketAddress: &corev3.SocketAddress{
					Address:       fmt.Sprintf("10.%d.%d.%d", index>>8, index&255, number+1),
					PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 8080},
				},
			}}},
		}}
	}
	return &endpointv3.ClusterLoadAssignment{
		ClusterName: fmt.Sprintf("cluster-%05d", index),
		Endpoints: []*endpointv3.LocalityLbEndpoints{{
			Locality: &corev3.Locality{Region: "eu", Zone: zone}, LbEndpoints: endpoints,
		}},
	}
}

func typed(message proto.Message) *anypb.Any {
	encoded, err := anypb.New(message)
	fail(err)
	return encoded
}

func listener(index int) *listenerv3.Listener {
	return &listenerv3.Listener{
		Name: fmt.Sprintf("listener-%05d", index),
		Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: "127.0.0.1", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(10_000 + index)},
		}}},
		FilterChains: []*listenerv3.FilterChain{{Filters: []*listenerv3.Filter{{
			Name: "http",
			ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: typed(&hcmv3.HttpConnectionManager{
				StatPrefix: "ingress",
				RouteSpecifier: &hcmv3.HttpConnectionManager_Rds{Rds: &hcmv3.Rds{
					RouteConfigName: fmt.Sprintf("route-%05d", index), ConfigSource: aggregated,
				}},
				HttpFilters: []*hcmv3.HttpFilter{{
					Name:       "router",
					ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: typed(&routerv3.Router{})},
				}},
			})},
		}}}},
	}
}

func route(index int) *routev3.RouteConfiguration {
	return &routev3.RouteConfiguration{
		Name: fmt.Sprintf("route-%05d", index),
		VirtualHosts: []*routev3.VirtualHost{{
			Name: "all", Domains: []string{"*"},
			Routes: []*routev3.Route{{
				Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
				Action: &routev3.Route_Route{Route: &routev3.RouteAction{
					ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: fmt.Sprintf("cluster-%05d", index*10)},
				}},
			}},
		}},
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// publisher changes one of the resources that a cache serves.
type publisher func(number int, made string)

// snapshots serves resources by their type; `change` makes the new form of one of `changing`.
func snapshots(content map[resourcev3.Type][]types.Resource, changing resourcev3.Type,
	change func(index, number int, made string) types.Resource) (cachev3.Cache, publisher) {
	cache := cachev3.NewSnapshotCache(true, oneGroup{}, nil)
	publish := func(version int) {
		snapshot, err := cachev3.NewSnapshot(fmt.Sprint(version), content)
		fail(err)
		fail(cache.SetSnapshot(context.Background(), "default", snapshot))
	}
	publish(0)
	return cache, func(number int, made string) {
		index := number % len(content[changing])
		content[changing][index] = change(index, number, made)
		publish(number)
	}
}

func numbered(count int, make func(index int) types.Resource) []types.Resource {
	resources := []types.Resource{}
	for index := range count {
		resources = append(resources, make(index))
	}
	return resources
}

func main() {
	count := flag.Int("clusters", 1000, "clusters, or sets of endpoints")
	content := flag.String("content", "clusters", "clusters, mixed or endpoints")
	endpoints := flag.Int("endpoints", 1, "endpoints of a cluster")
	padding := flag.Int("bytes", 0, "by how much the name of the region of each cluster's endpoints is longer")
	flag.Parse()

	changedCluster := func(index, number int, _ string) types.Resource {
		return padded(cluster(index, 1+number), *padding)
	}
	changedEndpoints := func(index, _ int, made string) types.Resource { return assignment(index, *endpoints, made) }
	var cache cachev3.Cache
	var publish publisher
	switch *content {
	case "endpoints":
		initial := make(map[string]types.Resource, *count)
		for index := range *count {
			initial[fmt.Sprintf("cluster-%05d", index)] = assignment(index, *endpoints, "")
		}
		linear := cachev3.NewLinearCache(resourcev3.EndpointType, cachev3.WithInitialResources(initial))
		cache = linear
		publish = func(number int, made string) {
			index := number % *count
			fail(linear.UpdateResource(fmt.Sprintf("cluster-%05d", index), assignment(index, *endpoints, made)))
		}
	case "mixed":
		cache, publish = snapshots(map[resourcev3.Type][]types.Resource{
			resourcev3.ClusterType: numbered(*count, func(index int) types.Resource { return endpointCluster(index) }),
			resourcev3.EndpointType: numbered(*count, func(index int) types.Resource {
				return assignment(index, *endpoints, "")
			}),
			resourcev3.ListenerType: numbered(*count/10, func(index int) types.Resource { return listener(index) }),
			resourcev3.RouteType:    numbered(*count/10, func(index int) types.Resource { return route(index) }),
		}, resourcev3.EndpointType, changedEndpoints)
	default:
		cache, publish = snapshots(map[resourcev3.Type][]types.Resource{
			resourcev3.ClusterType: numbered(*count, func(index int) types.Resource { return changedCluster(index, 0, "") }),
		}, resourcev3.ClusterType, changedCluster)
	}

	socket, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	server := grpc.NewServer(
		grpc.MaxConcurrentStreams(1_000_000),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(server, serverv3.NewServer(context.Background(), cache, nil))
	go func() { _ = server.Serve(socket) }()
	fmt.Printf("listening %d\n", socket.Addr().(*net.TCPAddr).Port)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 1 && words[0] == "collect":
			debug.FreeOSMemory()
			fmt.Println("collected")
		case len(words) >= 2 && words[0] == "update":
			var number int
			_, err := fmt.Sscan(words[1], &number)
			fail(err)
			publish(number, strings.Join(words[2:], ""))
			fmt.Printf("updated %d\n", number)
		}
	}
}
