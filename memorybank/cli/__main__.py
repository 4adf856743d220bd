"""`python -m memorybank.cli`: the same as `memorybank`."""

from memorybank.cli import main

main()
