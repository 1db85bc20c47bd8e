"""What is asked: a verb on a resource, or a verb on a path.

The attributes that an authorizer sees, no more: no body, no labels. A name is there when the request line has one; ``list`` and ``watch`` have one
when they select ``metadata.name`` by field; ``create`` has none at the top level and has one on a subresource; ``deletecollection`` never has one.

Source: ``apiserver/pkg/authorization/authorizer/interfaces.go`` (Attributes), ``pkg/apis/authorization`` (SubjectAccessReview).

>>> str(Request("get", "pods", subresource="exec", name="web", namespace="shop"))
'get pods/exec "web" in namespace shop'
"""

from dataclasses import dataclass, replace

NAME_FIELD = "metadata.name"


@dataclass(frozen=True, slots=True)
class Request:
    """One question. A ``path`` makes it a question about a path; everything else but the verb is then without meaning."""

    verb: str = ""
    resource: str = ""
    api_group: str = ""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # field selector: equalities only, the one operator that some authorizer reads

    @property
    def is_resource(self) -> bool:
        return not self.path

    @property
    def combined(self) -> str:
        """Resource and subresource as a rule names them: ``pods/exec``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def __str__(self) -> str:
        if self.path:
            return f"{self.verb} {self.path}"
        where = f" in namespace {self.namespace}" if self.namespace else " cluster-wide"
        name = f' "{self.name}"' if self.name else ""
        return f"{self.verb} {self.qualified}{name}{where}"

    @property
    def qualified(self) -> str:
        """As people name it: ``deployments.apps/scale``."""
        group = f".{self.api_group}" if self.api_group else ""
        return f"{self.resource}{group}{f'/{self.subresource}' if self.subresource else ''}"


def selecting(request: Request, fields: tuple[tuple[str, str], ...]) -> Request:
    """The same request with a field selector: ``list`` and ``watch`` of one ``metadata.name`` have that name, as the API server reads them."""
    name = next((value for field, value in fields if field == NAME_FIELD), "") if request.verb in ("list", "watch") else ""
    return replace(request, fields=fields, name=request.name or name)
