"""Effects: performing a Plan on a cluster, with a journal, and taking it back."""
