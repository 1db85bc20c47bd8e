"""What a sandbox's API server writes down: its audit policy, its log, and a webhook where somebody listens.

The default policy takes every request's metadata once, when it is answered (that is what learning least privilege needs; a
body would put secrets into the log), and leaves out health checks. Source:
https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
"""

import json
import shutil
from pathlib import Path

from ostiary.sandbox.layout import Layout
from ostiary.sandbox.options import SandboxOptions
from ostiary.sandbox.pki import write_private
from ostiary.sandbox.state import make_private

DEFAULT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*"]},
        {"level": "Metadata"},
    ],
}


def flags(layout: Layout, options: SandboxOptions) -> dict[str, str]:
    """Write policy and webhook configuration, and return the API server's flags for them."""
    directory = layout.audit_log.parent
    make_private(directory)
    policy = directory / "policy.yaml"
    if options.audit_policy is None:
        write_private(policy, json.dumps(DEFAULT_POLICY, indent=2).encode())
    else:
        shutil.copyfile(options.audit_policy, policy)
    chosen = {
        "audit-policy-file": str(policy),
        "audit-log-path": str(layout.audit_log),
        "audit-log-maxsize": "100",
        "audit-log-maxbackup": "3",
    }
    if options.audit_webhook is not None:
        chosen |= {
            "audit-webhook-config-file": str(_webhook(directory, options.audit_webhook)),
            "audit-webhook-mode": "batch",
            "audit-webhook-batch-max-wait": "1s",
        }
    return chosen


def _webhook(directory: Path, url: str) -> Path:
    """A kubeconfig that means "post to this URL"; system authorities are trusted for https."""
    config = directory / "webhook.kubeconfig"
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "webhook",
        "clusters": [{"name": "webhook", "cluster": {"server": url}}],
        "users": [{"name": "apiserver", "user": {}}],
        "contexts": [{"name": "webhook", "context": {"cluster": "webhook", "user": "apiserver"}}],
    }
    write_private(config, json.dumps(value, indent=2).encode())
    return config
