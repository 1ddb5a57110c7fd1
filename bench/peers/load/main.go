// Command load is a fleet of xDS clients for benchmarks: it opens streams, subscribes, ACKs each response, and reads no
// more of a response than its type, nonce and version, so that the server is what is measured.
//
// Usage: load -target HOST:PORT -streams N -mode sotw|delta [-streams-a-connection M] [-content clusters|mixed|endpoints]
// [-clusters N] [-resources N] [-spread DURATION] [-stalled]
//
// Standard output: "ready MILLISECONDS BROKEN" when every stream has ACKed its first response of each type, or with -resources,
// for a server that cuts large responses, as many of them as have that many resources; BROKEN counts streams that ended before that and were opened again. Standard input: "wait" arms the fleet for one update; the answer is
// "acked MILLISECONDS BYTES" when every stream has ACKed one more response, counted from the arming. "times" answers
// "times COUNT P50 P99 MAX" and begins anew: how old changes were, in milliseconds, when they were ACKed, over all changes
// and streams. With -stalled, streams read nothing after they were ready.
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const (
	clusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	endpointType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	routeType    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
)

// subscription is what a stream asks for of one type; no names are all.
type subscription struct {
	typeURL string
	names   []string
}

func numbered(prefix string, count int) []string {
	names := make([]string, count)
	for index := range names {
		names[index] = fmt.Sprintf("%s-%05d", prefix, index)
	}
	return names
}

func subscriptionsOf(content string, clusters int) []subscription {
	switch content {
	case "clusters":
		return []subscription{{typeURL: clusterType}}
	case "endpoints":
		return []subscription{{endpointType, numbered("cluster", clusters)}}
	default:
		return []subscription{
			{typeURL: clusterType}, {endpointType, numbered("cluster", clusters)},
			{typeURL: listenerType}, {routeType, numbered("route", clusters/10)},
		}
	}
}

// answer is what a client has to know of a response in order to ACK it.
type answer struct {
	typeURL, version, nonce string
	size                    int
	resources               int
	// madeAt are the times, in microseconds since the epoch, at which the changes in it were made.
	madeAt []int64
}

// skim is a codec that encodes requests as usual and reads three fields of a response.
type skim struct{}

func (skim) Name() string { return "proto" }

func (skim) Marshal(value any) (mem.BufferSlice, error) {
	data, err := proto.Marshal(value.(proto.Message))
	return mem.BufferSlice{mem.SliceBuffer(data)}, err
}

// madeMark stands before the time in the zone of a changed endpoint.
var madeMark = []byte("made-at-")

const madeDigits = 16

func (skim) Unmarshal(data mem.BufferSlice, value any) error {
	raw := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer raw.Free()
	rest := raw.ReadOnlyData()
	found := value.(*answer)
	found.size = len(rest)
	for marked := rest; ; {
		at := bytes.Index(marked, madeMark)
		if at < 0 || len(marked) < at+len(madeMark)+madeDigits {
			break
		}
		marked = marked[at+len(madeMark):]
		if made, err := strconv.ParseInt(string(marked[:madeDigits]), 10, 64); err == nil {
			found.madeAt = append(found.madeAt, made)
		}
	}
	// Version, type URL and nonce have the same numbers in both kinds of response.
	fields := map[protowire.Number]*string{1: &found.version, 4: &found.typeURL, 5: &found.nonce}
	for len(rest) > 0 {
		number, kind, length := protowire.ConsumeTag(rest)
		if length < 0 {
			return protowire.ParseError(length)
		}
		rest = rest[length:]
		// Resources have the same number in both, too.
		if number == 2 {
			found.resources++
		}
		if field := fields[number]; field != nil && kind == protowire.BytesType {
			text, length := protowire.ConsumeString(rest)
			if length < 0 {
				return protowire.ParseError(length)
			}
			*field = text
		}
		length = protowire.ConsumeFieldValue(number, kind, rest)
		if length < 0 {
			return protowire.ParseError(length)
		}
		rest = rest[length:]
	}
	return nil
}

type dialect struct {
	method string
	// first makes the first request of a type, ack the answer to a response.
	first func(node *corev3.Node, want subscription) proto.Message
	ack   func(want subscription, last *answer) proto.Message
}

var dialects = map[string]dialect{
	"sotw": {
		method: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
		first: func(node *corev3.Node, want subscription) proto.Message {
			return &discoveryv3.DiscoveryRequest{Node: node, TypeUrl: want.typeURL, ResourceNames: want.names}
		},
		ack: func(want subscription, last *answer) proto.Message {
			return &discoveryv3.DiscoveryRequest{
				TypeUrl: want.typeURL, ResourceNames: want.names, VersionInfo: last.version, ResponseNonce: last.nonce,
			}
		},
	},
	"delta": {
		method: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
		first: func(node *corev3.Node, want subscription) proto.Message {
			return &discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: want.typeURL, ResourceNamesSubscribe: want.names}
		},
		ack: func(want subscription, last *answer) proto.Message {
			return &discoveryv3.DeltaDiscoveryRequest{TypeUrl: want.typeURL, ResponseNonce: last.nonce}
		},
	},
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ages counts how old changes were when they were ACKed, by the millisecond.
type ages struct {
	lock   sync.Mutex
	counts [60_000]int
	total  int
}

func (a *ages) add(madeAt []int64) {
	if len(madeAt) == 0 {
		return
	}
	now := time.Now().UnixMicro()
	a.lock.Lock()
	defer a.lock.Unlock()
	for _, made := range madeAt {
		a.counts[min(max(0, (now-made+999)/1000), int64(len(a.counts)-1))]++
		a.total++
	}
}

func (a *ages) take() string {
	a.lock.Lock()
	defer a.lock.Unlock()
	at := func(share float64) int {
		seen := 0
		for age, count := range a.counts {
			seen += count
			if count > 0 && float64(seen) >= share*float64(a.total) {
				return age
			}
		}
		return 0
	}
	line := fmt.Sprintf("times %d %d %d %d", a.total, at(0.5), at(0.99), at(1))
	a.counts, a.total = [60_000]int{}, 0
	return line
}

// countdown tells when so many ACKs were given; those that nobody waits for do not count.
type countdown struct {
	lock    sync.Mutex
	left    int
	reached chan struct{}
}

func (c *countdown) arm(count int) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.left, c.reached = count, make(chan struct{})
}

func (c *countdown) tick() {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.left == 0 {
		return
	}
	c.left--
	if c.left == 0 {
		close(c.reached)
	}
}

func (c *countdown) wait() { <-c.reached }

func main() {
	target := flag.String("target", "", "host:port of the server")
	streams := flag.Int("streams", 200, "streams to open")
	perConnection := flag.Int("streams-a-connection", 1, "streams that share a connection; an Envoy has one each")
	mode := flag.String("mode", "sotw", "sotw or delta")
	content := flag.String("content", "clusters", "what is asked for: clusters, mixed or endpoints")
	clusters := flag.Int("clusters", 1000, "clusters whose endpoints are asked for")
	resources := flag.Int("resources", 0, "how many resources a type has at first")
	spread := flag.Duration("spread", 0, "the time over which streams are opened")
	isStalled := flag.Bool("stalled", false, "read nothing once ready")
	flag.Parse()
	speak, known := dialects[*mode]
	if !known {
		fail(fmt.Errorf("-mode: expected sotw or delta, found %q", *mode))
	}
	wants := subscriptionsOf(*content, *clusters)
	wanted := make(map[string]subscription, len(wants))
	for _, want := range wants {
		wanted[want.typeURL] = want
	}

	var round countdown
	var received sync.Map
	var broken atomic.Int64
	var isReady atomic.Bool
	var changes ages
	round.arm(*streams)
	started := time.Now()

	// run lives through one stream; true once it was ready.
	run := func(connection *grpc.ClientConn, index int) bool {
		description := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
		stream, err := connection.NewStream(context.Background(), description, speak.method, grpc.WaitForReady(true))
		if err != nil {
			return false
		}
		node := &corev3.Node{Id: fmt.Sprintf("node-%d", index), Cluster: "default", UserAgentName: "load"}
		for _, want := range wants {
			if stream.SendMsg(speak.first(node, want)) != nil {
				return false
			}
			node = nil
		}
		missing := make(map[string]int, len(wants))
		for _, want := range wants {
			missing[want.typeURL] = *resources
		}
		for {
			var got answer
			if err := stream.RecvMsg(&got); err != nil {
				return len(missing) == 0
			}
			if stream.SendMsg(speak.ack(wanted[got.typeURL], &got)) != nil {
				return len(missing) == 0
			}
			received.Store(index, got.size)
			changes.add(got.madeAt)
			if len(missing) == 0 {
				round.tick()
				continue
			}
			missing[got.typeURL] -= got.resources
			if missing[got.typeURL] <= 0 {
				delete(missing, got.typeURL)
			}
			if len(missing) > 0 {
				continue
			}
			round.tick()
			if *isStalled {
				<-stream.Context().Done()
				return true
			}
		}
	}

	retry := backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second}
	var connection *grpc.ClientConn
	for index := range *streams {
		if index%*perConnection == 0 {
			var err error
			connection, err = grpc.NewClient(*target, grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: 20 * time.Second}),
				grpc.WithDefaultCallOptions(grpc.ForceCodecV2(skim{}), grpc.MaxCallRecvMsgSize(256<<20)))
			fail(err)
		}
		go func(connection *grpc.ClientConn) {
			pause := retry.BaseDelay
			for !run(connection, index) {
				broken.Add(1)
				time.Sleep(pause)
				pause = min(2*pause, retry.MaxDelay)
			}
			// A stalled stream is expected to be cut; any other is missed by whoever waits for its ACK.
			if !*isStalled && isReady.Load() {
				fail(fmt.Errorf("stream %d ended", index))
			}
		}(connection)
		if *spread > 0 {
			time.Sleep(time.Until(started.Add(*spread * time.Duration(index+1) / time.Duration(*streams))))
		}
	}
	round.wait()
	isReady.Store(true)
	fmt.Printf("ready %.1f %d\n", float64(time.Since(started).Microseconds())/1000, broken.Load())

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch lines.Text() {
		case "times":
			fmt.Println(changes.take())
		case "wait":
			round.arm(*streams)
			armed := time.Now()
			fmt.Println("armed")
			round.wait()
			total := 0
			received.Range(func(_, size any) bool { total += size.(int); return true })
			fmt.Printf("acked %.1f %d\n", float64(time.Since(armed).Microseconds())/1000, total)
		}
	}
}
