package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// outcome is one case of a health_test.yaml or an action_test.yaml; an empty problem means that it holds.
type outcome struct {
	Name    string `json:"name"`
	Problem string `json:"problem"`
}

// overrides are the customizations by `<group>/<kind>`.
type overrides map[string]appv1.ResourceOverride

// check is a case that is yet to be tried.
type check struct {
	name string
	try  func(overrides) error
}

// overridesOf reads the customizations as argocd-cm has them, so that what is installed is what is tried.
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

func tryLua(root, configMap string) ([]outcome, error) {
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
			said := ""
			if problem := check.try(customizations); problem != nil {
				said = problem.Error()
			}
			outcomes = append(outcomes, outcome{group + ": " + check.name, said})
		}
		return nil
	})
	return outcomes, err
}

// checksOf gives the cases of a file, if it has some.
func checksOf(path string) ([]check, error) {
	switch filepath.Base(path) {
	case "health_test.yaml":
		return healthChecks(path)
	case "action_test.yaml":
		return actionChecks(path)
	}
	return nil, nil
}

// objectOf reads the object that a case of a file names.
func objectOf(file, path string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	err := read(filepath.Join(filepath.Dir(file), path), &object.Object)
	return object, err
}

// differs says at which fields two values differ.
func differs(is, want any) error {
	if paths := differences("", is, want); len(paths) > 0 {
		return fmt.Errorf("differs from what is expected at %s", strings.Join(paths, ", "))
	}
	return nil
}
