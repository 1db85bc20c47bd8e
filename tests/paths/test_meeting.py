"""What two rules allow together, held to the authorizer's own word about single requests."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.model.rbac import PolicyRule
from ostiary.paths.meeting import meeting
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows

words = {
    "verbs": ["get", "list", "*"],
    "api_groups": ["", "apps", "*"],
    "resources": ["pods", "pods/exec", "*/exec", "*", "nodes"],
    "resource_names": ["web", "db"],
    "non_resource_urls": ["/healthz", "/api/*", "/api/v1", "*", "/metrics"],
}


def some(field: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words[field]), max_size=2, unique=True).map(tuple)


rules = st.builds(PolicyRule, **{field: some(field) for field in words})
requests = st.one_of(
    st.builds(
        Request,
        st.sampled_from(["get", "list", "watch"]),
        st.sampled_from(["pods", "nodes"]),
        st.sampled_from(["", "apps"]),
        st.sampled_from(["", "exec"]),
        st.sampled_from(["", "web", "db", "x"]),
    ),
    st.builds(
        Request, st.sampled_from(["get", "list"]), path=st.sampled_from(["/healthz", "/api/v1", "/api/", "/metrics", "/x"])
    ),
)


@given(rules, rules, requests)
def test_the_meeting_allows_exactly_what_both_allow(one: PolicyRule, other: PolicyRule, request: Request) -> None:
    both = allows(one, request) and allows(other, request)
    assert any(allows(rule, request) for rule in meeting(one, other)) == both
