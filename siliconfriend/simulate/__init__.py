"""Histories of simulated users, as the paper constructs them (section 4): a model plays users with
personalities and hobbies against the companion, at least two topics a day.

`plan` (who, and about what, from a seed) and `speech` (prompts, replies judged) are pure; `play`
lets them talk and remembers each exchange in a bank file, from which an interrupted run goes on.
"""
