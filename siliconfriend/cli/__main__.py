"""`python -m siliconfriend.cli`."""

from siliconfriend.cli import main

main()
