// Runs the configuration in deploy/argocd with Argo CD's own engines: health checks and resource actions in the Lua
// sandbox, triggers and templates in the notifications engine. Writes the results as JSON for the tests.
//
//	customizations lua <resource_customizations> <argocd-cm.yaml>
//	customizations notifications <argocd-notifications-cm.yaml> <application.yaml>...
package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	result, err := run(os.Args[1:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) (any, error) {
	switch {
	case len(args) == 3 && args[0] == "lua":
		return runLua(args[1], args[2])
	case len(args) > 2 && args[0] == "notifications":
		return runNotifications(args[1], args[2:])
	}
	return nil, fmt.Errorf("usage: lua <folder> <argocd-cm.yaml> | notifications <cm.yaml> <application.yaml>...")
}

// read parses a YAML file. Numbers get the types that Argo CD receives from the API server.
func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func readConfigMap(path string) (*corev1.ConfigMap, error) {
	configMap := &corev1.ConfigMap{}
	return configMap, read(path, configMap)
}
