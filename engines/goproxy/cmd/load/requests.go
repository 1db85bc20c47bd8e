package main

import (
	"io"
	"sync"
	"time"
)

const warmUp = 500 * time.Millisecond

type requestsResult struct {
	Requests int     `json:"requests"`
	WarmUp   int     `json:"warm_up"`
	Errors   int     `json:"errors"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
	First    string  `json:"first_error,omitempty"`
	spread
}

// requests asks without a pause, one request at a time for each client; what began before the warm-up was over is not counted.
func requests(targets []target, path string, during time.Duration) requestsResult {
	begin := time.Now().Add(warmUp)
	end := begin.Add(during)
	results := make([]requestsResult, len(targets))
	durations := make([][]time.Duration, len(targets))
	var group sync.WaitGroup
	for index := range targets {
		group.Add(1)
		go func() {
			defer group.Done()
			results[index], durations[index] = ask(&targets[index], path, begin, end)
		}()
	}
	group.Wait()
	total := requestsResult{Seconds: during.Seconds()}
	var all []time.Duration
	for index, one := range results {
		total.Requests += one.Requests
		total.WarmUp += one.WarmUp
		total.Errors += one.Errors
		total.Bytes += one.Bytes
		if total.First == "" {
			total.First = one.First
		}
		all = append(all, durations[index]...)
	}
	total.spread = spreadOf(all)
	return total
}

func ask(server *target, path string, begin, end time.Time) (requestsResult, []time.Duration) {
	client := server.client()
	result := requestsResult{}
	durations := make([]time.Duration, 0, 1<<16)
	for {
		began := time.Now()
		if began.After(end) {
			return result, durations
		}
		answer, err := client.Do(server.request("GET", path, nil))
		var size int64
		if err == nil {
			size, err = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		if began.Before(begin) {
			result.WarmUp++
			continue
		}
		result.Requests++
		if err != nil || answer.StatusCode != 200 {
			result.Errors++
			if result.First == "" {
				result.First = failure(answer, err)
			}
			continue
		}
		result.Bytes += size
		durations = append(durations, time.Since(began))
	}
}
