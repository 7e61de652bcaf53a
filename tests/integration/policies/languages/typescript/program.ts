// A preview of two monitors under the policy pack: `node build/program.js WORKDIR PACK`.
import * as datadog from "@pulumi/datadog";
import { LocalWorkspace } from "@pulumi/pulumi/automation";

const [workDir, pack] = process.argv.slice(2);

async function program(): Promise<void> {
    const message = "{{#is_alert}}More than one in twenty requests fails.{{/is_alert}} @team-payments "
        + "https://github.com/example/payments/blob/main/docs/runbooks/requests-fail.md";
    const query = "sum(last_5m):sum:requests.failed{env:prod,service:payments}.as_count() / "
        + "sum:requests.count{env:prod,service:payments}.as_count() > 0.05";
    const common = {
        type: "query alert",
        query,
        message,
        tags: ["env:prod", "service:payments", "team:payments", "severity:ticket"],
        onMissingData: "resolve",
        requireFullWindow: false,
    };
    new datadog.Monitor("well", { ...common, name: "Requests fail", monitorThresholds: { critical: "0.05" } });
    new datadog.Monitor("wrong", { ...common, name: "Requests fail", monitorThresholds: { critical: "0.5" } });
}

async function main(): Promise<void> {
    const stack = await LocalWorkspace.createOrSelectStack({ stackName: "local", projectName: "monitors", program }, { workDir });
    await stack.preview({ policyPacks: [pack], onOutput: (text) => process.stdout.write(text) });
}

main().catch((failure: Error) => {
    process.stderr.write(`${failure.message}\n`);
    process.exitCode = 1;
});
