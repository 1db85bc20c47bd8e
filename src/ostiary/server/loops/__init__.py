"""What the control plane does without being asked: ends what is due, brings clusters and the gateway to where the store says, keeps keys."""
