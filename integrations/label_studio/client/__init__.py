"""The only place that talks to the server: transport, reads, writes, authentication, errors."""
