"""Services, policies and entrances: what may be reached, and from where."""

from msgspec import field

from ostiary.model.meta import Meta
from ostiary.model.value import Value, always
from ostiary.model.workloads import LabelSelector

IntOrString = int | str


class ServicePort(Value, frozen=True, kw_only=True):
    """A port of a Service."""

    name: str = ""
    protocol: str = always("TCP")
    port: int = 0
    target_port: IntOrString | None = None
    node_port: int = 0
    app_protocol: str | None = None


class ServiceSpec(Value, frozen=True, kw_only=True):
    """core/v1 ServiceSpec. An empty selector selects nothing here."""

    type: str = always("ClusterIP")
    selector: dict[str, str] = field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = field(name="clusterIP", default="")
    external_ips: tuple[str, ...] = field(name="externalIPs", default=())
    external_name: str = ""
    publish_not_ready_addresses: bool = False


class Service(Value, frozen=True, kw_only=True):
    """core/v1 Service."""

    metadata: Meta = always(Meta())
    spec: ServiceSpec = always(ServiceSpec())


class TargetRef(Value, frozen=True, kw_only=True):
    """The object behind an address."""

    kind: str = ""
    namespace: str = ""
    name: str = ""


class Endpoint(Value, frozen=True, kw_only=True):
    """One backend of a Service."""

    addresses: tuple[str, ...] = ()
    target_ref: TargetRef | None = None


class EndpointPort(Value, frozen=True, kw_only=True):
    """A port of all backends of a slice."""

    name: str | None = None
    protocol: str | None = None
    port: int | None = None


class EndpointSlice(Value, frozen=True, kw_only=True):
    """discovery.k8s.io/v1 EndpointSlice."""

    metadata: Meta = always(Meta())
    address_type: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class IPBlock(Value, frozen=True, kw_only=True):
    """Addresses by CIDR, with exceptions."""

    cidr: str = ""
    except_: tuple[str, ...] = field(name="except", default=())


class NetworkPolicyPeer(Value, frozen=True, kw_only=True):
    """Whom a rule lets through; a selector that is None was not given."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class NetworkPolicyPort(Value, frozen=True, kw_only=True):
    """On which port; None is every port."""

    protocol: str = always("TCP")
    port: IntOrString | None = None
    end_port: int | None = None


class IngressRule(Value, frozen=True, kw_only=True):
    """Into the pods; empty ``from_`` is everyone."""

    from_: tuple[NetworkPolicyPeer, ...] = field(name="from", default=())
    ports: tuple[NetworkPolicyPort, ...] = ()


class EgressRule(Value, frozen=True, kw_only=True):
    """Out of the pods; empty ``to`` is everywhere."""

    to: tuple[NetworkPolicyPeer, ...] = ()
    ports: tuple[NetworkPolicyPort, ...] = ()


class NetworkPolicySpec(Value, frozen=True, kw_only=True):
    """networking.k8s.io/v1 NetworkPolicySpec."""

    pod_selector: LabelSelector = always(LabelSelector())
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()
    policy_types: tuple[str, ...] = ()


class NetworkPolicy(Value, frozen=True, kw_only=True):
    """networking.k8s.io/v1 NetworkPolicy."""

    metadata: Meta = always(Meta())
    spec: NetworkPolicySpec = always(NetworkPolicySpec())


class IngressServiceBackend(Value, frozen=True, kw_only=True):
    """The Service behind an entrance."""

    name: str = ""


class IngressBackend(Value, frozen=True, kw_only=True):
    """What is behind an entrance."""

    service: IngressServiceBackend | None = None


class HTTPIngressPath(Value, frozen=True, kw_only=True):
    """One path of a host."""

    path: str = ""
    backend: IngressBackend = always(IngressBackend())


class HTTPIngressRule(Value, frozen=True, kw_only=True):
    """The paths of a host."""

    paths: tuple[HTTPIngressPath, ...] = ()


class IngressHost(Value, frozen=True, kw_only=True):
    """One rule of an Ingress."""

    host: str = ""
    http: HTTPIngressRule | None = None


class IngressTLS(Value, frozen=True, kw_only=True):
    """The certificate of some hosts."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Value, frozen=True, kw_only=True):
    """networking.k8s.io/v1 IngressSpec."""

    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: tuple[IngressHost, ...] = ()
    tls: tuple[IngressTLS, ...] = ()


class Ingress(Value, frozen=True, kw_only=True):
    """networking.k8s.io/v1 Ingress."""

    metadata: Meta = always(Meta())
    spec: IngressSpec = always(IngressSpec())


class GatewayListener(Value, frozen=True, kw_only=True):
    """One listener of a Gateway."""

    name: str = ""
    hostname: str | None = None
    port: int = 0
    protocol: str = ""


class GatewaySpec(Value, frozen=True, kw_only=True):
    """gateway.networking.k8s.io GatewaySpec."""

    gateway_class_name: str = ""
    listeners: tuple[GatewayListener, ...] = ()


class Gateway(Value, frozen=True, kw_only=True):
    """gateway.networking.k8s.io Gateway."""

    metadata: Meta = always(Meta())
    spec: GatewaySpec = always(GatewaySpec())
