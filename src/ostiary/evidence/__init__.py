"""Raw records to facts: what an audit event says happened, decided without reading a file or a socket."""
