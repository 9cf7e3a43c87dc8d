"""Measurements that are kept: each prints a table, or with --json one object with `rows`."""
