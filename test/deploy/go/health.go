package main

import (
	"fmt"
	"reflect"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/health"
	"github.com/argoproj/argo-cd/v3/util/lua"
)

// The format of Argo CD's own tests: util/lua/health_test.go.
type healthTests struct {
	Tests []struct {
		InputPath    string               `json:"inputPath"`
		HealthStatus *health.HealthStatus `json:"healthStatus"`
	} `json:"tests"`
}

func healthChecks(path string) ([]check, error) {
	var file healthTests
	err := read(path, &file)
	var checks []check
	for _, test := range file.Tests {
		checks = append(checks, check{"health of " + test.InputPath, func(all overrides) error {
			object, err := objectOf(path, test.InputPath)
			if err != nil {
				return err
			}
			is, err := lua.ResourceHealthOverrides(all).GetResourceHealth(object)
			if err == nil && !reflect.DeepEqual(is, test.HealthStatus) {
				err = fmt.Errorf("health is %+v, expected %+v", is, test.HealthStatus)
			}
			return err
		}})
	}
	return checks, err
}
