// Package deploy has the tests of what is in deploy/: every manifest is decoded into the types that Kubernetes itself has, the chart is
// rendered and linted, arguments are given to the real binary, metrics in rules and dashboards are compared with those that it exports, and
// a pod's life is lived as processes with the pod's users and mounts.
//
// It is a module of its own, so that zkark depends on none of what this needs.
package deploy
