"""Break-glass: two people who enrolled beforehand open a cluster together, for a quarter of an hour, loudly, also when the identity provider is down."""
