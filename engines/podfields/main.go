// Command podfields prints every field of the objects that make pods, as Kubernetes' own types declare them, as JSON:
//
//	{"version": "v0.37.2", "roots": {"Pod": "Pod", ...}, "types": {"PodSpec": {"containers": "Container", "hostUsers": "", ...}, ...}}
//
// A field leads to the type of what stands in it, in a list or in a map ("{}Type") too; "" is a leaf: a scalar, a map of scalars, or something that is
// written in a form of its own, such as a quantity. A status is a leaf: nobody writes one. Run it in the module that pins Kubernetes:
//
//	go run -C engines/kubernetes ../podfields/main.go > src/ostiary/adapters/manifests/pod_fields.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
)

var roots = map[string]any{
	"Pod":                   core.Pod{},
	"PodTemplate":           core.PodTemplate{},
	"ReplicationController": core.ReplicationController{},
	"Deployment":            apps.Deployment{},
	"ReplicaSet":            apps.ReplicaSet{},
	"StatefulSet":           apps.StatefulSet{},
	"DaemonSet":             apps.DaemonSet{},
	"ControllerRevision":    apps.ControllerRevision{},
	"Job":                   batch.Job{},
	"CronJob":               batch.CronJob{},
}

var marshaler = reflect.TypeFor[json.Marshaler]()

type collector struct {
	types map[string]map[string]string
	seen  map[string]reflect.Type
}

func main() {
	found := collector{types: map[string]map[string]string{}, seen: map[string]reflect.Type{}}
	names := map[string]string{}
	for kind, root := range roots {
		names[kind] = found.name(reflect.TypeOf(root))
	}
	out, err := json.Marshal(map[string]any{"version": version(), "roots": names, "types": found.types})
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.ReplaceAll(string(out), `},"`, "},\n\"")) // a type a line
}

// name returns how a type is called in the output, "" for a leaf, and collects its fields.
func (c collector) name(of reflect.Type) string {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return c.name(of.Elem())
	case reflect.Map:
		if inner := c.name(of.Elem()); inner != "" {
			return "{}" + inner
		}
		return ""
	case reflect.Struct:
		if reflect.PointerTo(of).Implements(marshaler) || strings.HasSuffix(of.Name(), "Status") {
			return ""
		}
	default:
		return ""
	}
	if known, ok := c.seen[of.Name()]; ok && known != of {
		panic(fmt.Sprintf("two types are called %s: %s and %s", of.Name(), known.PkgPath(), of.PkgPath()))
	} else if !ok {
		c.seen[of.Name()] = of
		fields := map[string]string{}
		c.types[of.Name()] = fields
		c.fields(of, fields)
	}
	return of.Name()
}

func (c collector) fields(of reflect.Type, into map[string]string) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && (field.Anonymous || strings.Contains(options, "inline")) {
			c.fields(field.Type, into)
		} else if name != "" && name != "-" {
			into[name] = c.name(field.Type)
		}
	}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, module := range info.Deps {
			if module.Path == "k8s.io/api" {
				if module.Replace != nil {
					return module.Replace.Version
				}
				return module.Version
			}
		}
	}
	fmt.Fprintln(os.Stderr, "podfields: run it in the module that pins Kubernetes")
	os.Exit(1)
	return ""
}
