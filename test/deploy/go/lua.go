package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// outcome is the result of one case of a health_test.yaml or an action_test.yaml; an empty problem means success.
type outcome struct {
	Name    string `json:"name"`
	Problem string `json:"problem"`
}

// overrides has the customizations by `<group>/<kind>`.
type overrides map[string]appv1.ResourceOverride

// check is a case to run.
type check struct {
	name string
	run  func(overrides) error
}

// overridesOf reads the customizations from argocd-cm, so that the tests run the installed Lua.
func overridesOf(path string) (overrides, error) {
	configMap, err := readConfigMap(path)
	all := overrides{}
	for key, text := range configMap.Data {
		setting, kind, found := strings.Cut(strings.TrimPrefix(key, "resource.customizations."), ".")
		if !found {
			continue
		}
		kind = strings.Replace(kind, "_", "/", 1)
		override := all[kind]
		switch setting {
		case "health":
			override.HealthLua = text
		case "actions":
			override.Actions = text
		}
		all[kind] = override
	}
	return all, err
}

func runLua(root, configMap string) ([]outcome, error) {
	customizations, err := overridesOf(configMap)
	if err != nil {
		return nil, err
	}
	outcomes := []outcome{}
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		checks, err := checksOf(path)
		if err != nil {
			return err
		}
		group, _ := filepath.Rel(root, filepath.Dir(path))
		for _, check := range checks {
			problem := ""
			if err := check.run(customizations); err != nil {
				problem = err.Error()
			}
			outcomes = append(outcomes, outcome{group + ": " + check.name, problem})
		}
		return nil
	})
	return outcomes, err
}

// checksOf returns the cases of a test file, and nothing for other files.
func checksOf(path string) ([]check, error) {
	switch filepath.Base(path) {
	case "health_test.yaml":
		return healthChecks(path)
	case "action_test.yaml":
		return actionChecks(path)
	}
	return nil, nil
}

// objectOf reads the object in path, which is relative to the test file.
func objectOf(file, path string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	err := read(filepath.Join(filepath.Dir(file), path), &object.Object)
	return object, err
}

// differs returns an error that lists the fields with different values.
func differs(is, want any) error {
	if paths := differences("", is, want); len(paths) > 0 {
		return fmt.Errorf("differs from the expected object at %s", strings.Join(paths, ", "))
	}
	return nil
}
