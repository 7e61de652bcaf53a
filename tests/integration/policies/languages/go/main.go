// A preview of two monitors under the policy pack: `monitors WORKDIR PACK`.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const query = "sum(last_5m):sum:requests.failed{env:prod,service:payments}.as_count() / " +
	"sum:requests.count{env:prod,service:payments}.as_count() > 0.05"

const message = "{{#is_alert}}More than one in twenty requests fails.{{/is_alert}} @team-payments " +
	"https://github.com/example/payments/blob/main/docs/runbooks/requests-fail.md"

// monitor registers a Datadog monitor as its SDK would, under the same type token.
func monitor(ctx *pulumi.Context, name, critical string) error {
	var made pulumi.CustomResourceState
	return ctx.RegisterResource("datadog:index/monitor:Monitor", name, pulumi.Map{
		"name":              pulumi.String("Requests fail"),
		"type":              pulumi.String("query alert"),
		"query":             pulumi.String(query),
		"message":           pulumi.String(message),
		"tags":              pulumi.ToStringArray([]string{"env:prod", "service:payments", "team:payments", "severity:ticket"}),
		"onMissingData":     pulumi.String("resolve"),
		"requireFullWindow": pulumi.Bool(false),
		"monitorThresholds": pulumi.Map{"critical": pulumi.String(critical)},
	}, &made)
}

func program(ctx *pulumi.Context) error {
	if err := monitor(ctx, "well", "0.05"); err != nil {
		return err
	}
	return monitor(ctx, "wrong", "0.5")
}

func preview(workDir, pack string) error {
	ctx := context.Background()
	stack, err := auto.UpsertStackInlineSource(ctx, "local", "monitors", program, auto.WorkDir(workDir))
	if err != nil {
		return err
	}
	_, err = stack.Preview(ctx, optpreview.PolicyPacks(pack), optpreview.ProgressStreams(os.Stdout))
	return err
}

func main() {
	if err := preview(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
