"""Pod certificates: the kubelet asks for one in a pod's name, a signer answers, and the pod has key and chain as a file."""

import base64
import datetime
import json
import re
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.sandbox.realnode.place import Place, eventually, pod

pytestmark = pytest.mark.judge("pod certificates", needs=("linux", "root"))

BUNDLE = "/certificates/bundle.pem"


def asking(signer: str) -> dict[str, Any]:
    """A pod that mounts a certificate of ``signer``."""
    source = {"podCertificate": {"signerName": signer, "keyType": "ECDSAP256", "credentialBundlePath": "bundle.pem"}}
    volume = {"name": "certificate", "projected": {"defaultMode": 0o444, "sources": [source]}}
    mount = {"name": "certificate", "mountPath": "/certificates", "readOnly": True}
    value = pod("workload", volumes=[volume])
    value["spec"]["containers"][0]["volumeMounts"] = [mount]
    return value


class Signer:
    """An authority that answers one PodCertificateRequest."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a signer of this test")])

    def sign(self, request: x509.CertificateSigningRequest, begin: datetime.datetime, end: datetime.datetime) -> str:
        """A leaf for the request's key, as PEM."""
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.name)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("workload.test")]), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return leaf.public_bytes(serialization.Encoding.PEM).decode()

    def answer(self, place: Place, request: dict[str, Any]) -> None:
        """Issue, through the request's status."""
        begin = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        end = begin + datetime.timedelta(hours=2)
        stub = x509.load_der_x509_csr(base64.b64decode(request["spec"]["stubPKCS10Request"]))
        condition = {"type": "Issued", "status": "True", "reason": "Test", "message": "", "lastTransitionTime": _text(begin)}
        status = {
            "conditions": [condition],
            "certificateChain": self.sign(stub, begin, end),
            "notBefore": _text(begin),
            "beginRefreshAt": _text(begin + datetime.timedelta(hours=1)),
            "notAfter": _text(end),
        }
        name = request["metadata"]["name"]
        patch = json.dumps({"status": status})
        place.kubectl("patch", "podcertificaterequest", name, "--subresource=status", "--type=merge", f"--patch={patch}")


def _text(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def requests(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(place.kubectl("get", "podcertificaterequests", "--output=json"))["items"]
    return found


def test_the_kubelet_asks_in_the_pod_s_name_and_mounts_what_is_issued(place: Place) -> None:
    signer = Signer()
    place.apply(asking("test.ostiary.dev/workload"))
    assert eventually(lambda: len(requests(place)) > 0)
    (request,) = requests(place)
    assert request["apiVersion"] == "certificates.k8s.io/v1"
    assert request["spec"]["signerName"] == "test.ostiary.dev/workload"
    assert (request["spec"]["podName"], request["spec"]["nodeName"]) == ("workload", "node-1")
    assert request["spec"]["podUID"] == place.get("pod", "workload")["metadata"]["uid"]
    assert place.get("pod", "workload")["status"]["phase"] == "Pending"

    signer.answer(place, request)
    place.ready("workload")
    held, bundle = place.exec("workload", "cat", BUNDLE)
    assert held
    key = serialization.load_pem_private_key(bundle.encode(), password=None)
    (leaf,) = x509.load_pem_x509_certificates("\n".join(_certificates(bundle)).encode())
    assert leaf.public_key() == key.public_key()
    signer.key.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))


def _certificates(bundle: str) -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", bundle, re.DOTALL)
