"""Proof: data sets, metrics, and what they say of recall. Never imported by the library."""
