"""The grammar: what it knows, what it must not, and that its two tellings (Python, RE2 patterns) never disagree."""

import itertools
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.pillars.access.envoy import patterns
from ostiary.pillars.access.grammar import ApiRequest, parse

KNOWN = {
    ("GET", "/api/v1/pods"): ApiRequest(verb="list", version="v1", resource="pods"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0"): ApiRequest(
        verb="get", version="v1", resource="pods", namespace="shop", name="web-0"
    ),
    ("POST", "/api/v1/namespaces/shop/pods/web-0/exec"): ApiRequest(
        verb="create", version="v1", resource="pods", subresource="exec", namespace="shop", name="web-0"
    ),
    ("PATCH", "/api/v1/namespaces/shop/pods/web-0/ephemeralcontainers"): ApiRequest(
        verb="patch", version="v1", resource="pods", subresource="ephemeralcontainers", namespace="shop", name="web-0"
    ),
    ("DELETE", "/apis/apps/v1/namespaces/shop/deployments"): ApiRequest(
        verb="deletecollection", group="apps", version="v1", resource="deployments", namespace="shop"
    ),
    # A namespace is in itself, and its status is no resource called "status": requestinfo.go.
    ("GET", "/api/v1/namespaces/shop"): ApiRequest(
        verb="get", version="v1", resource="namespaces", namespace="shop", name="shop"
    ),
    ("PUT", "/api/v1/namespaces/shop/finalize"): ApiRequest(
        verb="update", version="v1", resource="namespaces", subresource="finalize", namespace="shop", name="shop"
    ),
    ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"): ApiRequest(
        verb="get", group="rbac.authorization.k8s.io", version="v1", resource="clusterroles", name="system:node"
    ),
    ("GET", "/api/v1/namespaces/shop/services/https:web:443/proxy/a/b;c=%20/"): ApiRequest(
        verb="get", version="v1", resource="services", subresource="proxy", namespace="shop", name="https:web:443"
    ),
    ("GET", "/openapi/v3/apis/apps/v1"): ApiRequest(verb="get", path="/openapi/v3/apis/apps/v1"),
    ("HEAD", "/"): ApiRequest(verb="head", path="/"),
}
UNKNOWN = (
    ("GET", "/api/v1/namespaces/shop/pods/web-0/exec/"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0/exec//"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0/exec%20"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0/exec;a=b"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0/EXEC"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0/%65xec"),
    ("GET", "/api/v1//namespaces/shop/pods/web-0/exec"),
    ("GET", "/api/v1/namespaces/shop/pods/web-0/./exec"),
    ("GET", "/api/v1/namespaces/shop/pods/x/../web-0/exec"),
    ("GET", "/api/v1/nodes/node-1/proxy/run"),
    ("GET", "/api/v1/nodes/node-1/proxy"),
    ("GET", "/api/v1/namespaces/shop/nodes/node-1/proxy"),
    ("GET", "/api/v1/watch/pods"),
    ("GET", "/api/v1/proxy/namespaces/shop/pods/web-0"),
    ("GET", "/apis/apps/v1/watch/namespaces/shop/deployments"),
    ("POST", "/api/v1/namespaces/shop/pods/web-0"),
    ("PUT", "/api/v1/namespaces/shop/pods/web-0/exec"),
    ("HEAD", "/api/v1/namespaces/shop/pods/web-0/attach"),
    ("DELETE", "/api/v1/namespaces/shop/pods/web-0/status"),
    ("PUT", "/api/v1/pods"),
    ("CONNECT", "/api/v1/pods"),
    ("OPTIONS", "/api/v1/pods"),
    ("get", "/api/v1/pods"),
    ("POST", "/version"),
    ("GET", "/logs/"),
    ("GET", "/debug/pprof/heap"),
    ("GET", "/apis/apps/v1/namespaces/shop"),
    ("GET", "/apis/x.io/v1/namespaces/shop/status/a"),
    ("GET", "api/v1/pods"),
    ("GET", ""),
    ("GET", "//api/v1/pods"),
    ("GET", "/api/v1/pods\n"),
)


@pytest.mark.parametrize(("method", "path"), sorted(KNOWN))
def test_what_is_known_is_read_as_the_api_server_reads_it(method: str, path: str) -> None:
    assert parse(method, path) == KNOWN[method, path]


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
def test_what_is_not_known_is_refused(method: str, path: str) -> None:
    assert parse(method, path) is None
    assert not by_pattern(method, path)


@pytest.mark.parametrize(
    ("query", "verb"),
    [("", "list"), ("watch=true", "watch"), ("watch=", "watch"), ("watch=0", "list"), ("watch=False&watch=1", "list"),
     ("a=1&watch=yes", "watch"), ("Watch=true", "list")],
)  # fmt: skip
def test_a_watch_is_what_the_api_server_takes_for_one(query: str, verb: str) -> None:
    found = parse("GET", "/api/v1/pods", query)
    assert found is not None
    assert found.verb == verb


def by_pattern(method: str, path: str) -> bool:
    """What Envoy's routes let through: upgrades for streams, everything else by the rules."""
    if any(re.fullmatch(pattern, path) for pattern in patterns.NOT_KNOWN):
        return False
    if re.fullmatch(patterns.STREAM, path):
        return method in ("GET", "POST")
    for rule in patterns.RULES:
        if method in rule.methods and any(re.fullmatch(pattern, path) for pattern in rule.patterns):
            return rule.known
    return False


VOCABULARY = (
    "api apis v1 v1beta1 apps x.io namespaces shop pods nodes services web-0 exec attach portforward proxy status finalize watch log "
    "healthz livez readyz openapi v2 v3 version metrics openid jwks .well-known openid-configuration scale EXEC %65xec . .. https:web:443 a;b etcd"
)
WORDS = st.sampled_from(["", *VOCABULARY.split()])
SEGMENT = WORDS | st.text(alphabet=string.ascii_letters + string.digits + "-._:%;~@ /\n\u00e9", max_size=6)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "get"])


@given(METHODS, st.lists(SEGMENT, max_size=9))
@example("GET", ["apis", "x.io", "v1", "namespaces", "status", "status"])
@example("GET", ["api", "v1", "namespaces", "shop", "finalize", "a"])
@example("GET", ["api", "v1", "namespaces"])
def test_both_tellings_agree(method: str, segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    assert (parse(method, path) is not None) == by_pattern(method, path)


SOME = ("namespaces", "shop", "pods", "nodes", "status", "proxy", "exec", "watch", "A:b")


@pytest.mark.parametrize("prefix", ["/api/v1", "/apis/x.io/v1"])
def test_both_tellings_agree_on_every_path_of_a_small_vocabulary(prefix: str) -> None:
    for length in range(1, 6):
        for words in itertools.product(SOME, repeat=length):
            path = "/".join((prefix, *words))
            for method in ("GET", "POST", "PUT", "DELETE"):
                assert (parse(method, path) is not None) == by_pattern(method, path), (method, path)


SHAPES = st.one_of(
    st.tuples(st.just("api"), st.just("v1"), *[SEGMENT] * 1).map(list),
    st.tuples(st.just("api"), st.just("v1"), *[SEGMENT] * 3).map(list),
    st.tuples(st.just("api"), st.just("v1"), st.just("namespaces"), SEGMENT, WORDS, SEGMENT, WORDS, SEGMENT).map(list),
    st.tuples(st.just("apis"), SEGMENT, SEGMENT, st.just("namespaces"), SEGMENT, SEGMENT, SEGMENT).map(list),
)


@given(METHODS, SHAPES)
def test_both_tellings_agree_near_the_real_shapes(method: str, segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    assert (parse(method, path) is not None) == by_pattern(method, path)


def request_info(method: str, path: str) -> ApiRequest:
    """``RequestInfoFactory.NewRequestInfo`` of k8s.io/apiserver, told again without its selectors: the judge of names."""
    parts = [part for part in [path.strip("/")] if part]
    parts = parts[0].split("/") if parts else []
    plain = ApiRequest(verb=method.lower(), path=path)
    if len(parts) < 3 or parts[0] not in ("api", "apis") or (parts[0] == "apis" and len(parts) < 4):
        return plain
    group = parts[1] if parts[0] == "apis" else ""
    version, *rest = parts[2 if group else 1 :]
    verb = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[method]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    if not name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    subresource = rest[2] if len(rest) > 2 else ""
    return ApiRequest(
        verb=verb, group=group, version=version, resource=rest[0], subresource=subresource, namespace=namespace, name=name
    )


@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]), st.lists(SEGMENT, max_size=9) | SHAPES)
def test_what_is_known_means_what_request_info_says(method: str, segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    found = parse(method, path)
    if found is not None:
        assert found == request_info(method, path)
