// Command load is a fleet of xDS clients for benchmarks: it opens streams, subscribes to every cluster, ACKs each
// response, and reads no more of a response than its nonce and version, so that the server is what is measured.
//
// Usage: load -target HOST:PORT -streams N -mode sotw|delta [-streams-a-connection M]
// Standard output: "ready MILLISECONDS" when every stream has ACKed its first response. Standard input: "wait"
// arms the fleet for one update; the answer is "acked MILLISECONDS BYTES" when every stream has ACKed one more
// response, counted from the arming.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const clusterType = "type.googleapis.com/envoy.config.cluster.v3.Cluster"

// answer is what a client has to know of a response in order to ACK it.
type answer struct {
	version, nonce string
	size           int
}

// skim is a codec that encodes requests as usual and reads two fields of a response.
type skim struct{ versionField, nonceField protowire.Number }

func (skim) Name() string { return "proto" }

func (skim) Marshal(value any) (mem.BufferSlice, error) {
	data, err := proto.Marshal(value.(proto.Message))
	return mem.BufferSlice{mem.SliceBuffer(data)}, err
}

func (codec skim) Unmarshal(data mem.BufferSlice, value any) error {
	raw := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer raw.Free()
	rest := raw.ReadOnlyData()
	found := value.(*answer)
	found.size = len(rest)
	for len(rest) > 0 {
		number, kind, length := protowire.ConsumeTag(rest)
		if length < 0 {
			return protowire.ParseError(length)
		}
		rest = rest[length:]
		if kind == protowire.BytesType && (number == codec.versionField || number == codec.nonceField) {
			text, length := protowire.ConsumeString(rest)
			if length < 0 {
				return protowire.ParseError(length)
			}
			if number == codec.nonceField {
				found.nonce = text
			} else {
				found.version = text
			}
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
	codec  skim
	// request makes the first request of a stream (no answer yet) and each ACK.
	request func(node *corev3.Node, last *answer) proto.Message
}

var dialects = map[string]dialect{
	"sotw": {
		method: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
		codec:  skim{versionField: 1, nonceField: 5},
		request: func(node *corev3.Node, last *answer) proto.Message {
			request := &discoveryv3.DiscoveryRequest{Node: node, TypeUrl: clusterType}
			if last != nil {
				request.VersionInfo, request.ResponseNonce = last.version, last.nonce
			}
			return request
		},
	},
	"delta": {
		method: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
		codec:  skim{versionField: 1, nonceField: 5},
		request: func(node *corev3.Node, last *answer) proto.Message {
			request := &discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: clusterType}
			if last != nil {
				request.ResponseNonce = last.nonce
			}
			return request
		},
	},
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	target := flag.String("target", "", "host:port of the server")
	streams := flag.Int("streams", 200, "streams to open")
	perConnection := flag.Int("streams-a-connection", 1, "streams that share a connection; an Envoy has one each")
	mode := flag.String("mode", "sotw", "sotw or delta")
	flag.Parse()
	speak, known := dialects[*mode]
	if !known {
		fail(fmt.Errorf("-mode: expected sotw or delta, found %q", *mode))
	}

	var round sync.WaitGroup
	var received sync.Map
	round.Add(*streams)
	started := time.Now()

	var connection *grpc.ClientConn
	for index := range *streams {
		if index%*perConnection == 0 {
			var err error
			connection, err = grpc.NewClient(*target, grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithDefaultCallOptions(grpc.ForceCodecV2(speak.codec), grpc.MaxCallRecvMsgSize(256<<20)))
			fail(err)
		}
		description := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
		stream, err := connection.NewStream(context.Background(), description, speak.method)
		fail(err)
		node := &corev3.Node{Id: fmt.Sprintf("node-%d", index), Cluster: "default", UserAgentName: "load"}
		go func() {
			fail(stream.SendMsg(speak.request(node, nil)))
			for {
				var got answer
				fail(stream.RecvMsg(&got))
				fail(stream.SendMsg(speak.request(nil, &got)))
				received.Store(index, got.size)
				round.Done()
			}
		}()
	}
	round.Wait()
	fmt.Printf("ready %.1f\n", float64(time.Since(started).Microseconds())/1000)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() != "wait" {
			continue
		}
		round.Add(*streams)
		armed := time.Now()
		fmt.Println("armed")
		round.Wait()
		total := 0
		received.Range(func(_, size any) bool { total += size.(int); return true })
		fmt.Printf("acked %.1f %d\n", float64(time.Since(armed).Microseconds())/1000, total)
	}
}
