"""The wire protocol: bytes in, messages out; no thread, clock or socket."""
