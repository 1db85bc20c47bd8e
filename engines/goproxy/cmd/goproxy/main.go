// Command goproxy is what the gateway is measured against: the smallest honest reverse proxy for kubectl in Go.
//
// It does for a request what the gateway does: strip what a client may not say, verify a token (ES256, issuer, audience, expiry, at most
// fifteen minutes), impersonate, send its own credential, and write a record at the start and at the end. Everything that a careful author
// would do for speed is done: HTTP/2 on both sides, one pool of upstream connections, pooled buffers, verified tokens remembered, records
// written in batches. It is an alternative to compare with, and no part of ostiary's data path.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	longest  = 15 * time.Minute
	remember = 10_000
)

type claims struct {
	Session string `json:"sid"`
	jwt.RegisteredClaims
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address; the one taken is printed")
	certificate := flag.String("cert", "", "certificate of this proxy, PEM")
	key := flag.String("key", "", "its key, PEM")
	upstream := flag.String("upstream", "", "URL of the API server")
	authority := flag.String("ca", "", "certificate authority of the API server, PEM")
	serverName := flag.String("server-name", "", "name in the API server's certificate, where it is not the URL's host")
	tokenFile := flag.String("token-file", "", "what this proxy is at the API server: a bearer token")
	publicKey := flag.String("public-key", "", "what tokens are signed with, PEM")
	issuer := flag.String("issuer", "", "who signs tokens")
	audience := flag.String("audience", "", "whom tokens must be for")
	records := flag.String("records", "", "file of records; none without it")
	flag.Parse()

	verifier := newVerifier(read(*publicKey), *issuer, *audience)
	proxy := newProxy(*upstream, transports(read(*authority), *serverName), "Bearer "+strings.TrimSpace(string(read(*tokenFile))))
	handler := &gateway{verifier: verifier, proxy: proxy, journal: openJournal(*records)}
	listener, err := net.Listen("tcp", *listen)
	must(err)
	log.SetFlags(0)
	log.Printf("listening on %s", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	must(server.ServeTLS(listener, *certificate, *key))
}

// gateway is the way of one request.
type gateway struct {
	verifier *verifier
	proxy    *httputil.ReverseProxy
	journal  *journal
}

type contextKey struct{}

type passage struct {
	claims *claims
	id     string
}

func (g *gateway) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	token, bearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	if !bearer || len(request.Header.Values("Authorization")) != 1 {
		refuse(writer, http.StatusUnauthorized, "no bearer token")
		return
	}
	verified, err := g.verifier.verify(token)
	if err != nil {
		refuse(writer, http.StatusUnauthorized, err.Error())
		return
	}
	passing := passage{claims: verified, id: newID()}
	began := time.Now()
	g.journal.write(record{Stage: "start", ID: passing.id, Session: verified.Session, User: verified.Subject, Method: request.Method, Path: request.URL.Path, From: request.RemoteAddr, Time: began})
	counted := &counting{ResponseWriter: writer}
	g.proxy.ServeHTTP(counted, request.WithContext(withPassage(request.Context(), passing)))
	g.journal.write(record{Stage: "end", ID: passing.id, Session: verified.Session, User: verified.Subject, Method: request.Method, Path: request.URL.Path, From: request.RemoteAddr, Time: time.Now(), Status: counted.status, Bytes: counted.bytes, Duration: time.Since(began).Microseconds()})
}

func newProxy(upstream string, through http.RoundTripper, credential string) *httputil.ReverseProxy {
	target, err := url.Parse(upstream)
	must(err)
	return &httputil.ReverseProxy{
		Transport:  through,
		BufferPool: &buffers{},
		ErrorLog:   log.New(os.Stderr, "", 0),
		Rewrite: func(request *httputil.ProxyRequest) { // after hop-by-hop headers are gone: Connection cannot take ours away
			request.SetURL(target)
			strip(request.Out.Header)
			passing := request.In.Context().Value(contextKey{}).(passage)
			header := request.Out.Header
			header.Set("Authorization", credential)
			header.Set("Impersonate-User", passing.claims.Subject)
			header.Set("Impersonate-Group", "ostiary:access")
			header["Impersonate-Extra-Ostiary.dev%2fsession"] = []string{passing.claims.Session}
			header.Set("Audit-Id", passing.id)
		},
	}
}

// strip removes what only a proxy may say.
func strip(header http.Header) {
	for name := range header {
		if strings.HasPrefix(name, "Impersonate-") || strings.HasPrefix(name, "X-Remote-") || strings.HasPrefix(name, "X-Forwarded-") || name == "Audit-Id" || name == "X-Real-Ip" {
			delete(header, name)
		}
	}
}

// split sends upgrades over HTTP/1.1, which is the only way they can go, and everything else over HTTP/2.
type split struct{ ordinary, upgrades http.RoundTripper }

func (s *split) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header.Get("Upgrade") != "" {
		return s.upgrades.RoundTrip(request)
	}
	return s.ordinary.RoundTrip(request)
}

func transports(authority []byte, serverName string) http.RoundTripper {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		log.Fatal("no certificate in the certificate authority's file")
	}
	settings := func(protocols ...string) *tls.Config {
		return &tls.Config{RootCAs: pool, ServerName: serverName, MinVersion: tls.VersionTLS12, NextProtos: protocols}
	}
	return &split{
		ordinary: &http.Transport{TLSClientConfig: settings("h2", "http/1.1"), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 256, DisableCompression: true},
		upgrades: &http.Transport{TLSClientConfig: settings("http/1.1"), MaxIdleConnsPerHost: 256, DisableCompression: true},
	}
}

// verifier remembers what it verified, for as long as it holds.
type verifier struct {
	key    any
	parser *jwt.Parser
	mutex  sync.RWMutex
	known  map[string]*claims
}

func newVerifier(public []byte, issuer, audience string) *verifier {
	key, err := jwt.ParseECPublicKeyFromPEM(public)
	must(err)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithLeeway(5*time.Second))
	return &verifier{key: key, parser: parser, known: map[string]*claims{}}
}

func (v *verifier) verify(token string) (*claims, error) {
	v.mutex.RLock()
	found := v.known[token]
	v.mutex.RUnlock()
	if found != nil && time.Now().Before(found.ExpiresAt.Time) {
		return found, nil
	}
	read := &claims{}
	if _, err := v.parser.ParseWithClaims(token, read, func(*jwt.Token) (any, error) { return v.key, nil }); err != nil {
		return nil, err
	}
	if read.IssuedAt == nil || read.ExpiresAt.Sub(read.IssuedAt.Time) > longest || read.Subject == "" || read.Session == "" {
		return nil, errors.New("the token lives too long or names nobody")
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if len(v.known) >= remember {
		clear(v.known)
	}
	v.known[token] = read
	return read, nil
}

// journal writes records in batches, as the gateway's Envoy does.
type journal struct{ lines chan record }

type record struct {
	Stage    string    `json:"stage"`
	Time     time.Time `json:"time"`
	ID       string    `json:"id"`
	Session  string    `json:"session"`
	User     string    `json:"user"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	From     string    `json:"from"`
	Status   int       `json:"status,omitempty"`
	Bytes    int64     `json:"bytes,omitempty"`
	Duration int64     `json:"microseconds,omitempty"`
}

func openJournal(path string) *journal {
	if path == "" {
		return &journal{}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(err)
	opened := &journal{lines: make(chan record, 4096)}
	go func() {
		buffer := bufio.NewWriterSize(file, 64<<10)
		encoder := json.NewEncoder(buffer)
		tick := time.NewTicker(time.Second)
		for {
			select {
			case line := <-opened.lines:
				must(encoder.Encode(line))
			case <-tick.C:
				must(buffer.Flush())
			}
		}
	}()
	return opened
}

func (j *journal) write(line record) {
	if j.lines != nil {
		j.lines <- line // full: the request waits, no record is dropped
	}
}

// counting notes the status and the bytes of an answer.
type counting struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counting) Write(content []byte) (int, error) {
	written, err := c.ResponseWriter.Write(content)
	c.bytes += int64(written)
	return written, err
}

func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if found, ok := b.pool.Get().(*[]byte); ok {
		return *found
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

func refuse(writer http.ResponseWriter, code int, message string) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(code)
	_ = json.NewEncoder(writer).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
}

func withPassage(parent context.Context, passing passage) context.Context {
	return context.WithValue(parent, contextKey{}, passing)
}

func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
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
