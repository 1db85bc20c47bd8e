"""Effects of the gateway: Envoy's files, Envoy itself, and the records that it writes."""
