"""What tests share: the OGC's schemas, a running server, small data."""
