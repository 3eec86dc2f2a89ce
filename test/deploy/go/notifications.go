package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/argoproj/argo-cd/v3/util/notification/expression"
	"github.com/argoproj/notifications-engine/pkg/api"
	"github.com/argoproj/notifications-engine/pkg/services"
	"github.com/argoproj/notifications-engine/pkg/templates"
	"github.com/argoproj/notifications-engine/pkg/triggers"
	log "github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// sent is a notification that a trigger's condition sends for one application.
type sent struct {
	Path         string                 `json:"path"`
	Trigger      string                 `json:"trigger"`
	Template     string                 `json:"template"`
	OncePer      string                 `json:"oncePer"`
	Notification *services.Notification `json:"notification"`
}

// loggedErrors collects the engine's error log, where the engine reports an expression that can't be evaluated.
type loggedErrors struct{ entries []string }

func (l *loggedErrors) Levels() []log.Level { return []log.Level{log.ErrorLevel} }
func (l *loggedErrors) Fire(entry *log.Entry) error {
	l.entries = append(l.entries, entry.Message)
	return nil
}

func runNotifications(configMapPath string, applications []string) ([]sent, error) {
	configMap, err := readConfigMap(configMapPath)
	if err != nil {
		return nil, err
	}
	log.SetOutput(io.Discard)
	logged := &loggedErrors{}
	log.AddHook(logged)
	config, err := api.ParseConfig(configMap, &corev1.Secret{})
	if err != nil {
		return nil, err
	}
	for name, make := range config.Services {
		if _, err := make(); err != nil {
			return nil, fmt.Errorf("service %s: %w", name, err)
		}
	}
	all := []sent{}
	for _, path := range applications {
		found, err := sentFor(config, path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, found...)
	}
	if len(logged.entries) > 0 {
		return nil, fmt.Errorf("the engine logs errors: %v", logged.entries)
	}
	return all, nil
}

func sentFor(config *api.Config, path string) ([]sent, error) {
	app := &unstructured.Unstructured{}
	if err := read(path, &app.Object); err != nil {
		return nil, err
	}
	vars := expression.Spawn(app, nil, map[string]any{
		"app":     app.Object,
		"context": map[string]string{"argocdUrl": "https://argocd.test"},
	})
	triggering, err := triggers.NewService(config.Triggers)
	if err != nil {
		return nil, err
	}
	formatting, err := templates.NewService(config.Templates)
	if err != nil {
		return nil, err
	}
	var all []sent
	for _, trigger := range slices.Sorted(maps.Keys(config.Triggers)) {
		results, err := triggering.Run(trigger, vars)
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			if !result.Triggered {
				continue
			}
			for _, template := range result.Templates {
				notification, err := formatting.FormatNotification(vars, template)
				if err != nil {
					return nil, err
				}
				all = append(all, sent{path, trigger, template, result.OncePer, notification})
			}
		}
	}
	return all, nil
}
