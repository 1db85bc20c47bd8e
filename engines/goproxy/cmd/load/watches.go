package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	annotation = "sent-at"
	patience   = 30 * time.Second
)

type watchesResult struct {
	Watches  int   `json:"watches"`
	Expected int64 `json:"expected"`
	Arrived  int64 `json:"arrived"`
	spread
}

// watches opens a watch for each client, says so on stderr and waits for a line on stdin, writes events to one object, and measures for each
// event and each watch how long it took from just before it was written.
func watches(targets []target, path string, writer target, events int) watchesResult {
	object := path + "/fan-out"
	version := versionOf(writer, object)
	var opened, ended sync.WaitGroup
	var arrived atomic.Int64
	durations := make([][]time.Duration, len(targets))
	gate := make(chan struct{}, 32) // handshakes at a time
	for index := range targets {
		opened.Add(1)
		ended.Add(1)
		go func() {
			defer ended.Done()
			gate <- struct{}{}
			answer := watch(&targets[index], path, version)
			<-gate
			opened.Done()
			durations[index] = follow(answer.Body, events, &arrived)
		}()
	}
	opened.Wait()
	fmt.Fprintln(os.Stderr, "open")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	client := writer.client()
	for range events {
		write(client, writer, object)
		time.Sleep(200 * time.Millisecond)
	}
	done := make(chan struct{})
	go func() { ended.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		return watchesResult{Watches: len(targets), Expected: int64(events * len(targets)), Arrived: arrived.Load()}
	}
	var all []time.Duration
	for _, some := range durations {
		all = append(all, some...)
	}
	return watchesResult{Watches: len(targets), Expected: int64(events * len(targets)), Arrived: arrived.Load(), spread: spreadOf(all)}
}

func versionOf(writer target, object string) string {
	answer, err := writer.client().Do(writer.request("GET", object, nil))
	must(err)
	defer answer.Body.Close()
	var found struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	must(json.NewDecoder(answer.Body).Decode(&found))
	return found.Metadata.ResourceVersion
}

func watch(server *target, path, version string) *http.Response {
	answer, err := server.client().Do(server.request("GET", path+"?watch=1&fieldSelector=metadata.name%3Dfan-out&resourceVersion="+version, nil))
	if err != nil || answer.StatusCode != 200 {
		log.Fatal(failure(answer, err))
	}
	return answer
}

func follow(body io.Reader, events int, arrived *atomic.Int64) []time.Duration {
	took := make([]time.Duration, 0, events)
	lines := bufio.NewReader(body)
	for len(took) < events {
		line, err := lines.ReadString('\n')
		if err != nil {
			log.Printf("a watch ended early: %v", err)
			return took
		}
		now := time.Now()
		_, after, found := strings.Cut(line, `"`+annotation+`":"`)
		if !found {
			continue
		}
		stamp, _, _ := strings.Cut(after, `"`)
		nanoseconds, err := strconv.ParseInt(stamp, 10, 64)
		must(err)
		took = append(took, now.Sub(time.Unix(0, nanoseconds)))
		arrived.Add(1)
	}
	return took
}

func write(client *http.Client, writer target, object string) {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:"%d"}}}`, annotation, time.Now().UnixNano())
	request := writer.request("PATCH", object, strings.NewReader(patch))
	request.Header.Set("Content-Type", "application/merge-patch+json")
	answer, err := client.Do(request)
	if err != nil || answer.StatusCode != 200 {
		log.Fatal(failure(answer, err))
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}

// failure says what went wrong with one request.
func failure(answer *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	return fmt.Sprintf("%s: %s", answer.Status, said)
}
