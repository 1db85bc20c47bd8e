// Command load asks a server the same thing over and over, as many clients would, and says how long it took.
//
//	load requests --url https://127.0.0.1:6443 --path /api/v1/... --clients 32 --seconds 10    one request at a time for each client
//	load watches  --url ... --path /api/v1/namespaces/x/configmaps --clients 1000 --write-url ...    idle watches, and events to all of them
//
// Every client has one connection of its own, as every kubectl has. The result is one JSON object on stdout.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sort"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// target is a server and what every request to it carries; the tokens take turns.
type target struct {
	url    string
	tls    *tls.Config
	header http.Header
	tokens []string
	turn   int
	old    bool // HTTP/1.1
}

type headers http.Header

func (h headers) String() string { return "" }

func (h headers) Set(line string) error {
	name, value, found := strings.Cut(line, ": ")
	if !found {
		return fmt.Errorf("%q is not NAME: VALUE", line)
	}
	h[name] = append(h[name], value) // as written: a percent sign in a name stays
	return nil
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: load requests|watches --url URL --path PATH ...")
	}
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	sent := headers{}
	flags.Var(sent, "header", "NAME: VALUE, for every request")
	url := flags.String("url", "", "server")
	authority := flags.String("ca", "", "its certificate authority, PEM")
	serverName := flags.String("server-name", "", "name in its certificate")
	tokens := flags.String("token-file", "", "bearer tokens, one a line: a client has its share of them, and sends one after the other")
	path := flags.String("path", "", "what is asked")
	clients := flags.Int("clients", 1, "how many")
	old := flags.Bool("http1", false, "speak HTTP/1.1")
	seconds := flags.Float64("seconds", 5, "how long; half a second before it is not counted")
	events := flags.Int("events", 20, "how many events are sent to the watches")
	writeURL := flags.String("write-url", "", "where events are written")
	writeToken := flags.String("write-token-file", "", "as whom")
	writeCA := flags.String("write-ca", "", "that server's certificate authority")
	_ = flags.Parse(os.Args[2:])

	targets := make([]target, 0, *clients)
	credentials := lines(*tokens)
	for index := range *clients {
		made := newTarget(*url, *authority, *serverName, sent, *old)
		made.tokens = share(credentials, index, *clients)
		targets = append(targets, made)
	}
	var result any
	switch os.Args[1] {
	case "requests":
		result = requests(targets, *path, time.Duration(*seconds*float64(time.Second)))
	case "watches":
		writer := newTarget(*writeURL, *writeCA, "", headers{}, false)
		writer.tokens = lines(*writeToken)
		result = watches(targets, *path, writer, *events)
	default:
		log.Fatalf("there is no %s", os.Args[1])
	}
	must(json.NewEncoder(os.Stdout).Encode(result))
}

func newTarget(url, authority, serverName string, sent headers, old bool) target {
	header := http.Header{"Accept": {"application/json"}, "User-Agent": {"load"}}
	for name, values := range sent {
		header[name] = values
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(read(authority)) {
		log.Fatalf("%s has no certificate", authority)
	}
	return target{url: url, header: header, old: old, tls: &tls.Config{RootCAs: pool, ServerName: serverName, MinVersion: tls.VersionTLS12}}
}

// client has one connection.
func (t *target) client() *http.Client {
	if t.old {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: t.tls, MaxConnsPerHost: 1, DisableCompression: true}}
	}
	return &http.Client{Transport: &http2.Transport{TLSClientConfig: t.tls, DisableCompression: true}}
}

func (t *target) request(method, path string, body io.Reader) *http.Request {
	made, err := http.NewRequest(method, t.url+path, body)
	must(err)
	made.Header = t.header.Clone()
	if len(t.tokens) > 0 {
		made.Header.Set("Authorization", "Bearer "+t.tokens[t.turn%len(t.tokens)])
		t.turn++
	}
	return made
}

func lines(path string) []string { return strings.Fields(string(read(path))) }

// share is every clients-th token from the index-th on; where there are more clients than tokens, they share them.
func share(tokens []string, index, clients int) []string {
	var mine []string
	for at := index % len(tokens); at < len(tokens); at += clients {
		mine = append(mine, tokens[at])
	}
	return mine
}

// spread is what a list of durations comes to, in microseconds.
type spread struct {
	P50 int64 `json:"p50_us"`
	P99 int64 `json:"p99_us"`
	Max int64 `json:"max_us"`
}

func spreadOf(durations []time.Duration) spread {
	if len(durations) == 0 {
		return spread{}
	}
	sort.Slice(durations, func(a, b int) bool { return durations[a] < durations[b] })
	at := func(share float64) int64 { return durations[int(share*float64(len(durations)-1))].Microseconds() }
	return spread{P50: at(0.5), P99: at(0.99), Max: at(1)}
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	must(err)
	return content
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
