package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The format of Argo CD's own tests: util/lua/custom_actions_test.go.
type actionTests struct {
	DiscoveryTests []discoveryTest `json:"discoveryTests"`
	ActionTests    []actionTest    `json:"actionTests"`
}

type discoveryTest struct {
	InputPath string                 `json:"inputPath"`
	Result    []appv1.ResourceAction `json:"result"`
}

type actionTest struct {
	Action             string `json:"action"`
	InputPath          string `json:"inputPath"`
	ExpectedOutputPath string `json:"expectedOutputPath"`
}

const (
	annotationsPath = "/metadata/annotations"
	ownPrefix       = "demoapp.dev/"
	restartAt       = ownPrefix + "restart-at"
)

func actionChecks(path string) ([]check, error) {
	var file actionTests
	err := read(path, &file)
	var checks []check
	for _, test := range file.DiscoveryTests {
		run := func(all overrides) error { return checkDiscovery(all, path, test) }
		checks = append(checks, check{"actions of " + test.InputPath, run})
	}
	for _, test := range file.ActionTests {
		run := func(all overrides) error { return checkAction(all, path, test) }
		checks = append(checks, check{test.Action + " on " + test.InputPath, run})
	}
	return checks, err
}

func checkDiscovery(all overrides, path string, test discoveryTest) error {
	object, err := objectOf(path, test.InputPath)
	if err != nil {
		return err
	}
	vm := lua.VM{ResourceOverrides: all}
	scripts, err := vm.GetResourceActionDiscovery(object)
	if err != nil {
		return err
	}
	found, err := vm.ExecuteResourceActionDiscovery(object, scripts)
	if err != nil {
		return err
	}
	byName := func(a, b appv1.ResourceAction) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(found, byName)
	slices.SortFunc(test.Result, byName)
	if !reflect.DeepEqual(found, test.Result) {
		return fmt.Errorf("actions are %+v, expected %+v", found, test.Result)
	}
	return nil
}

func checkAction(all overrides, path string, test actionTest) error {
	before, err := objectOf(path, test.InputPath)
	if err != nil {
		return err
	}
	expected, err := objectOf(path, test.ExpectedOutputPath)
	if err != nil {
		return err
	}
	vm := lua.VM{ResourceOverrides: all}
	definition, err := vm.GetResourceAction(before, test.Action)
	if err != nil {
		return err
	}
	impacted, err := vm.ExecuteResourceAction(before.DeepCopy(), definition.ActionLua, nil)
	if err != nil {
		return err
	}
	if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
		return fmt.Errorf("does not only patch its own object: %+v", impacted)
	}
	after := impacted[0].UnstructuredObj
	if err := onlyAnnotates(before, after); err != nil {
		return err
	}
	if err := replaceTime(after, expected, before); err != nil {
		return err
	}
	return differs(plain(after), plain(expected))
}

// onlyAnnotates returns an error if an action changes more than annotations of this project: self-heal would revert
// other changes, or the object would differ from Git.
func onlyAnnotates(before, after *unstructured.Unstructured) error {
	for _, path := range differences("", plain(after), plain(before)) {
		if !strings.HasPrefix(path, annotationsPath+"/"+ownPrefix) {
			return fmt.Errorf("changes %s and not only annotations", path)
		}
	}
	return nil
}

// replaceTime replaces a time that the action wrote by the expected time. The written time must be the current time.
func replaceTime(after, expected, before *unstructured.Unstructured) error {
	annotations := after.GetAnnotations()
	at := annotations[restartAt]
	if at == before.GetAnnotations()[restartAt] {
		return nil
	}
	written, err := time.Parse(time.RFC3339, at)
	if err != nil || time.Since(written).Abs() > time.Minute {
		return fmt.Errorf("writes %s: %q, which is not the current time", restartAt, at)
	}
	annotations[restartAt] = expected.GetAnnotations()[restartAt]
	after.SetAnnotations(annotations)
	return nil
}

// plain converts an object to plain JSON values, because Lua has only one number type.
func plain(object *unstructured.Unstructured) any {
	text, err := json.Marshal(object.Object)
	if err != nil {
		panic(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		panic(err)
	}
	return value
}

// differences lists the paths at which two JSON values differ.
func differences(path string, one, other any) []string {
	a, isMap := one.(map[string]any)
	b, isOtherMap := other.(map[string]any)
	// Missing annotations equal an empty map of annotations.
	if (isMap || one == nil) && (isOtherMap || other == nil) && len(a)+len(b) == 0 {
		return nil
	}
	if !isMap || !isOtherMap {
		if reflect.DeepEqual(one, other) {
			return nil
		}
		if path == annotationsPath && (one == nil || other == nil) {
			return differences(path, orEmpty(a), orEmpty(b))
		}
		return []string{path}
	}
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	var paths []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		paths = append(paths, differences(path+"/"+key, a[key], b[key])...)
	}
	return paths
}

func orEmpty(value map[string]any) map[string]any {
	if value == nil {
		return map[string]any{}
	}
	return value
}
