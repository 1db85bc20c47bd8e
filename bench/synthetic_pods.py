"""List pages of synthetic pods of about 5 KB each, as an API server sends them: 300 workloads, 500 nodes, a name of its own for every token volume.

Only one page is in memory at a time. Sizes and fields are those of an ordinary Deployment's pod with two containers.
"""

import json
from typing import Any

PAGE = 500
WORKLOADS = 300


def page(first: int, last: bool) -> bytes:
    """A page of PAGE pods, the first of that number."""
    items = ",".join(_TEXT % _values(number) for number in range(first, first + PAGE))
    go_on = "" if last else f',"continue":"token-{first}"'
    return f'{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"1000"{go_on}}},"items":[{items}]}}'.encode()


def _values(number: int) -> dict[str, Any]:
    return {
        "n": number,
        "w": number % WORKLOADS,
        "ns": number % 97,
        "node": number % 500,
        "ip": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        "vol": f"{number * 7919 % 99991:05d}",
        "uid": f"{number:08x}-7ad1-4d6b-9f55-{number * 31 % 2**48:012x}",
    }


def _container(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"registry.example/shop/{name}@sha256:" + "4f" * 32,
        "args": ["--listen=:8080", "--log-format=json", "--shop=%(w)d"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "DATABASE_HOST", "value": "database-%(w)d.shop.svc"},
            {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database-%(w)d", "key": "password"}}},
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
        ],
        "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/app"},
            {"name": "kube-api-access-%(vol)s", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {
            "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "allowPrivilegeEscalation": False,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }  # fmt: skip


def _status(name: str) -> dict[str, Any]:
    return {
        "name": name, "state": {"running": {"startedAt": "2026-11-24T10:00:00Z"}}, "lastState": {}, "ready": True, "restartCount": 0,
        "image": f"registry.example/shop/{name}:1.4", "imageID": f"registry.example/shop/{name}@sha256:" + "4f" * 32,
        "containerID": "containerd://" + "ab" * 32, "started": True,
    }  # fmt: skip


_MANAGED = {
    "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-11-24T10:00:00Z", "fieldsType": "FieldsV1",
    "fieldsV1": {
        "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}}, "f:ownerReferences": {".": {}}},
        "f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:env": {".": {}}, "f:image": {}, "f:name": {}, "f:ports": {".": {}}}}},
    },
}  # fmt: skip

_POD: dict[str, Any] = {
    "metadata": {
        "name": "web-%(w)d-5d4f8c7b9d-%(n)d",
        "generateName": "web-%(w)d-5d4f8c7b9d-",
        "namespace": "shop-%(ns)d",
        "uid": "%(uid)s",
        "resourceVersion": "%(n)d",
        "creationTimestamp": "2026-11-24T10:00:00Z",
        "labels": {"app": "web-%(w)d", "pod-template-hash": "5d4f8c7b9d", "team": "shop"},
        "annotations": {"checksum/config": "c0" * 32, "prometheus.io/scrape": "true"},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-%(w)d-5d4f8c7b9d", "uid": "%(w)08d-1111-4222-8333-444455556666", "controller": True,
             "blockOwnerDeletion": True}
        ],
        "managedFields": [_MANAGED],
    },
    "spec": {
        "volumes": [
            {"name": "config", "configMap": {"name": "web-%(w)d", "defaultMode": 420}},
            {"name": "kube-api-access-%(vol)s", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
            ]}},
        ],
        "containers": [_container("app"), _container("proxy")],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "web", "serviceAccount": "web", "nodeName": "node-%(node)d",
        "securityContext": {"fsGroup": 1000}, "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": True,
        "tolerations": [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for state in ("not-ready", "unreachable")
        ],
        "preemptionPolicy": "PreemptLowerPriority",
    },
    "status": {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": "2026-11-24T10:00:00Z"}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "hostIP": "192.0.2.7", "podIP": "%(ip)s", "podIPs": [{"ip": "%(ip)s"}], "startTime": "2026-11-24T10:00:00Z",
        "containerStatuses": [_status("app"), _status("proxy")], "qosClass": "Burstable",
    },
}  # fmt: skip

_TEXT = json.dumps(_POD, separators=(",", ":"))
