"""Learning: the least rules that what happened needs."""
