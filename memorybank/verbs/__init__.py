"""What a bank can do, one verb a file. `bank.MemoryBank` is their face.

A verb decides with the mechanism (pure), acts through the store (one transaction), and keeps the
index in step. None of them calls a language model; the digest may, and loses nothing if it fails.
"""
