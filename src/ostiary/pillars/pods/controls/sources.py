"""The documents that the controls come from, with the versions that were read.

A section is cited where the document says so in so many words; a control that rests on the behaviour of Kubernetes itself cites that.
"""

K8S = "https://kubernetes.io/docs/"


def cis(section: str) -> str:
    """CIS Kubernetes Benchmark; section 5 is about policies."""
    return f"CIS Kubernetes Benchmark v1.11.1, {section}"


def nsa(chapter: str) -> str:
    """NSA and CISA, Kubernetes Hardening Guidance, August 2022."""
    return f"NSA/CISA Kubernetes Hardening Guide v1.2, {chapter}"


def nist(section: str) -> str:
    """NIST, Application Container Security Guide, September 2017."""
    return f"NIST SP 800-190, {section}"


def k8s(page: str) -> str:
    """The documentation of Kubernetes."""
    return K8S + page


NSA_NON_ROOT = nsa("Non-root containers and rootless container engines")
NSA_IMMUTABLE = nsa("Immutable container file systems")
NSA_IMAGES = nsa("Building secure container images")
NSA_TOKENS = nsa("Protecting Pod service account tokens")
NSA_PODS = nsa("Pod security enforcement")
NSA_HARDENING = nsa("Hardening container environments")
NSA_SECRETS = nsa("Secrets")
NSA_RESOURCES = nsa("Resource policies")
NSA_NAMESPACES = nsa("Namespaces")
NIST_IMAGE_DEFECTS = nist("4.1.2 image configuration defects")
NIST_CLEAR_TEXT = nist("4.1.4 embedded clear text secrets")
NIST_UNTRUSTED = nist("4.1.5 use of untrusted images")
NIST_STALE = nist("4.2.2 stale images in registries")
NIST_SENSITIVITY = nist("4.3.4 mixing of workload sensitivity levels")
NIST_NODE_TRUST = nist("4.3.5 orchestrator node trust")
NIST_NETWORK = nist("4.4.2 unbounded network access from containers")
NIST_RUNTIME = nist("4.4.3 insecure container runtime configurations")
NIST_ROGUE = nist("4.4.5 rogue containers")
NIST_SHARED_KERNEL = nist("4.5.2 use of a shared kernel")
NIST_HOST_FILES = nist("4.5.5 host file system tampering")
