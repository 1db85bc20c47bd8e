"""Values: what a cluster holds, verdicts, plans."""
